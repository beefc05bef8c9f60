import { findProfiles, type ProfileFile, readProfile } from "../../analysis/profile/profile_files.ts";
import { reason } from "../../errors.ts";
import type { Files } from "../../runtime.ts";
import { MAX_FLAME_NODES } from "./cost.ts";
import { flameOf } from "./flame.ts";
import type { ProfileData } from "../shared/report_data.ts";

/** CPU profiles that were found. */
export interface Profiles {
  readonly profiles: readonly ProfileData[];
  /** What could not be read, in words. */
  readonly problems: readonly string[];
}

/** Reads the CPU profiles in the directories among `sources`; those of one process are added up. */
export function readProfiles(sources: readonly string[], files: Files, pids?: readonly number[]): Profiles {
  const read: ProfileFile[] = [];
  const problems: string[] = [];
  for (const path of new Set(sources.flatMap((source) => profilesIn(source, files)))) {
    try {
      const file = readProfile(path, files);
      if (pids === undefined || file.pid !== undefined && pids.includes(file.pid)) read.push(file);
    } catch (error) {
      problems.push(reason(error));
    }
  }
  const groups = [...Map.groupBy(read, ({ path, pid }) => pid ?? path).values()];
  const room = Math.floor(MAX_FLAME_NODES / Math.max(1, groups.length));
  const profiles = groups.map(([first, ...more]) => {
    const { path, pid } = first!;
    const name = path.slice(path.lastIndexOf("/") + 1);
    const all = [first!, ...more].map(({ profile }) => profile);
    return {
      name: more.length === 0 ? name : `${name} and ${more.length} more`,
      pid,
      duration: all.reduce((sum, { startTime, endTime }) => sum + (endTime - startTime) / 1e6, 0),
      tree: flameOf(all, pid === undefined ? name : `PID ${pid}`, room),
    };
  });
  return { profiles: profiles.sort((a, b) => (a.pid ?? Infinity) - (b.pid ?? Infinity)), problems };
}

/** The profiles in a source, if it is a directory that has any. */
function profilesIn(source: string, files: Files): string[] {
  try {
    return findProfiles([source], files).filter((path) => path.endsWith(".cpuprofile"));
  } catch {
    return []; // what there is to be said of a source, its rows say
  }
}
