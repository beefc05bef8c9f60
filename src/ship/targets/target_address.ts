import { type AddressOptions, parseStoreAddress, type StoreAddress } from "../../stores/store_address.ts";
import { sha256Of } from "../../digest.ts";

/** The address of a store that is shipped to. */
export interface TargetAddress extends StoreAddress {
  /** Twelve hexadecimal digits that tell it from others: a changed password is the same target. */
  readonly id: string;
}

/**
 * Parses the address of a store that is shipped to.
 *
 * @throws {KymoError} `"invalid-argument"`; the message never has the password.
 */
export async function parseTarget(
  text: string,
  options: Omit<AddressOptions, "action">,
): Promise<TargetAddress> {
  const address = parseStoreAddress(text, { ...options, action: "ship" });
  const id = (await sha256Of(new TextEncoder().encode(address.name))).slice(0, 12);
  return { ...address, id };
}
