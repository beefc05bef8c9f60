/** Does nothing. */
export {};
