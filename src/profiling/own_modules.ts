/**
 * Which URLs are of Kymo's own modules.
 *
 * @module
 */

/** Where this module lies in the source, in a checkout and on JSR. */
const OWN_PATH = /^(?<root>.*\/)src\/profiling\/own_modules\.[jt]s$/;

/**
 * Where the package is: from npm (also through Deno, whose cache has its version), from JSR, and from
 * JSR through npm.
 */
const PACKAGE = /^.*\/(?:@kymo\/kymo|@jsr\/kymo__kymo)(?:\/\d+\.[^/]*)?\//;

/**
 * How the URLs of Kymo's modules begin, if `url` is of this one. Empty where they cannot be told
 * from the program's, as in a file into which a bundler has put both.
 */
export function ownModules(url: string = import.meta.url): string[] {
  const root = OWN_PATH.exec(url)?.groups?.root;
  if (root !== undefined) return ["src/", "runtime_adapters/", "mod.ts"].map((path) => root + path);
  const [directory] = PACKAGE.exec(url) ?? [];
  return directory === undefined ? [] : [directory];
}

/**
 * Returns whether a URL or path is of one of Kymo's modules: of a package of Kymo, or of a module
 * whose URL begins like one of `modules`.
 */
export function ownModuleTest(modules: readonly string[]): (url: string) => boolean {
  const beginnings = modules.map(withoutScheme);
  return (url) => PACKAGE.test(url) || beginnings.some((beginning) => withoutScheme(url).startsWith(beginning));
}

/** Runtimes give the path of a file with its scheme or without. */
function withoutScheme(url: string): string {
  return url.replace(/^file:\/\//, "");
}
