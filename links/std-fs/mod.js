/* @ts-self-types="./mod.d.ts" */
import fs from "fs-extra";
import process from "node:process";
import { fileURLToPath } from "node:url";

export async function ensureDir(dir) {
  const path = toPath(dir);
  const status = await fs.stat(path).catch(absentIfNotFound);
  if (status === undefined) await fs.ensureDir(path);
  else requireDirectory(status);
}

export function ensureDirSync(dir) {
  const path = toPath(dir);
  const status = fs.statSync(path, { throwIfNoEntry: false });
  if (status === undefined) fs.ensureDirSync(path);
  else requireDirectory(status);
}

export async function emptyDir(dir) {
  await fs.emptyDir(toPath(dir));
}

export function emptyDirSync(dir) {
  fs.emptyDirSync(toPath(dir));
}

export async function exists(path, options = {}) {
  try {
    return matches(await fs.stat(toPath(path)), options);
  } catch (error) {
    return existsDespite(error, options);
  }
}

export function existsSync(path, options = {}) {
  try {
    return matches(fs.statSync(toPath(path)), options);
  } catch (error) {
    return existsDespite(error, options);
  }
}

function toPath(path) {
  return path instanceof URL ? fileURLToPath(path) : path;
}

function absentIfNotFound(error) {
  if (error.code !== "ENOENT") throw error;
}

function requireDirectory(status) {
  if (status.isDirectory()) return;
  const kind = status.isFile() ? "file" : "undefined";
  throw new Error(`Failed to ensure directory exists: expected 'dir', got '${kind}'`);
}

function matches(status, { isReadable, isDirectory, isFile }) {
  if (isDirectory && isFile) {
    throw new TypeError(
      "ExistsOptions.options.isDirectory and ExistsOptions.options.isFile must not be true together",
    );
  }
  if (isDirectory && !status.isDirectory()) return false;
  if (isFile && !status.isFile()) return false;
  return isReadable ? hasReadBit(status) : true;
}

/** What the original asks is the mode, not the kernel: root is told `false` for a file without the bit. */
function hasReadBit(status) {
  if (process.getuid?.() === status.uid) return (status.mode & 0o400) !== 0;
  if (process.getgid?.() === status.gid) return (status.mode & 0o040) !== 0;
  return (status.mode & 0o004) !== 0;
}

function existsDespite(error, { isReadable }) {
  if (error.code === "ENOENT") return false;
  if (error.code === "EACCES") return !isReadable;
  throw error;
}
