/** The peak in `/proc/<pid>/status`, in KiB. */
const PEAK = /^VmHWM:\s*(\d+) kB$/m;

/**
 * The largest resident set size of this process so far, in bytes, or the reason why it is not known.
 * `maxRSS` of getrusage(2) is no substitute: it begins with the peak of the parent process.
 *
 * @param readStatus Returns the text of `/proc/self/status`, or the reason why it cannot be read.
 */
export function peakRssOf(readStatus: () => { readonly text: string } | string): (() => number | undefined) | string {
  const peak = (): number | string => {
    const status = readStatus();
    if (typeof status === "string") return status;
    const [, kib] = PEAK.exec(status.text) ?? [];
    return kib === undefined ? "/proc/self/status has no VmHWM" : 1024 * Number(kib);
  };
  const first = peak();
  if (typeof first === "string") return first;
  return () => {
    const bytes = peak();
    return typeof bytes === "number" ? bytes : undefined;
  };
}
