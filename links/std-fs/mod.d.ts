/**
 * Types of the part of `@std/fs` that this stand-in covers, as the original declares them.
 *
 * @module
 */

/** Creates the directory and its parents unless it is there; throws if the name is taken by something else. */
export function ensureDir(dir: string | URL): Promise<void>;
/** Creates the directory and its parents unless it is there; throws if the name is taken by something else. */
export function ensureDirSync(dir: string | URL): void;
/** Removes all that is in the directory; creates it, with its parents, if there is none. */
export function emptyDir(dir: string | URL): Promise<void>;
/** Removes all that is in the directory; creates it, with its parents, if there is none. */
export function emptyDirSync(dir: string | URL): void;

/** What `exists` asks besides. `isDirectory` and `isFile` exclude each other. */
export interface ExistsOptions {
  /** Whether it must be readable by the user as well; `false` by default. */
  isReadable?: boolean;
  /** Whether it must be a directory, or a link to one, as well; `false` by default. */
  isDirectory?: boolean;
  /** Whether it must be a file, or a link to one, as well; `false` by default. */
  isFile?: boolean;
}

/** Whether there is something at the path; links are followed. */
export function exists(path: string | URL, options?: ExistsOptions): Promise<boolean>;
/** Whether there is something at the path; links are followed. */
export function existsSync(path: string | URL, options?: ExistsOptions): boolean;
