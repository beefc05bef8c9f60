/** Names of the C library, the likeliest first. */
export function libcNames(platform: string): readonly string[] {
  return platform === "darwin" ? ["libSystem.dylib"] : ["libc.so.6", "libc.so"];
}

/** `CLOCK_MONOTONIC` of `<time.h>`; macOS numbers its clocks differently. */
export function clockMonotonic(platform: string): number {
  return platform === "darwin" ? 6 : 1;
}

/** Operations of flock(2), the same on Linux, macOS and the BSDs. */
export const Flock = { exclusive: 2, nonBlocking: 4 } as const;

/** Values of `errno` that flock(2) gives, as Linux numbers them (macOS in the second table). */
const LINUX_ERRNO: Readonly<Record<number, string>> = {
  4: "EINTR",
  9: "EBADF",
  11: "EAGAIN",
  22: "EINVAL",
  37: "ENOLCK",
  38: "ENOSYS",
  95: "EOPNOTSUPP",
};
const DARWIN_ERRNO: Readonly<Record<number, string>> = {
  4: "EINTR",
  9: "EBADF",
  22: "EINVAL",
  35: "EAGAIN",
  45: "ENOTSUP",
  77: "ENOLCK",
  78: "ENOSYS",
  102: "EOPNOTSUPP",
};

/** The name of a value of `errno`. */
export function errnoName(platform: string, errno: number): string {
  return (platform === "darwin" ? DARWIN_ERRNO : LINUX_ERRNO)[errno] ?? `errno ${errno}`;
}

/** The C function that tells where `errno` of the calling thread is. */
export function errnoLocation(platform: string): string {
  return platform === "darwin" ? "__error" : "__errno_location";
}
