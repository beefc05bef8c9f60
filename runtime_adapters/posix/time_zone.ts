/** Where the file of a time zone lies. */
const FOLDER = "zoneinfo/";

/**
 * The IANA time zone by the variable `TZ`, or else by the link `/etc/localtime`; `undefined` if these
 * do not name one. Takes one system call, where Bun's `Temporal` and `Intl` take 7 ms and 10 ms at
 * their first use.
 *
 * @param tz The value of `TZ`, if it is set.
 * @param readLink Returns where a link leads; throws if it is none.
 */
export function posixTimeZone(tz: string | undefined, readLink: (path: string) => string): string | undefined {
  let name = tz?.replace(/^:/, "") ?? "";
  if (name === "") {
    try {
      name = readLink("/etc/localtime");
    } catch {
      return undefined;
    }
  }
  if (name.startsWith("/") || name.startsWith("..")) {
    const at = name.lastIndexOf(FOLDER);
    name = at < 0 ? "" : name.slice(at + FOLDER.length);
  }
  if (/^(Etc\/)?(UTC|UCT|GMT|Universal|Zulu|Greenwich)$/.test(name)) return "UTC";
  return /^[A-Z][A-Za-z_+-]+(\/[A-Za-z0-9_+-]+){1,2}$/.test(name) ? name : undefined;
}
