import type { CpuProfile } from "../../runtime.ts";

/** What was sampled on top of the stack at one node of the call tree. */
interface SampledTime {
  /** Seconds. */
  seconds: number;
  /** How often. */
  samples: number;
}

const MICROSECONDS = 1e6;

/**
 * How long each node was on top of the stack, by its id. A sample stands for the time until the next, the last for that until the end of the profile;
 * so does Chrome DevTools. The time before the first is nobody's. A profile without the times of its samples has them at equal distances.
 */
export function sampleTimes(profile: CpuProfile): Map<number, SampledTime> {
  const times = new Map<number, SampledTime>();
  const add = (id: number, seconds: number, samples: number): void => {
    const time = times.get(id) ?? { seconds: 0, samples: 0 };
    time.seconds += seconds;
    time.samples += samples;
    times.set(id, time);
  };
  const samples = samplesInOrder(profile);
  if (samples !== undefined) {
    for (const [index, { id, time }] of samples.entries()) {
      add(id, Math.max(0, (samples[index + 1]?.time ?? profile.endTime) - time) / MICROSECONDS, 1);
    }
    return times;
  }
  const { nodes, startTime, endTime } = profile;
  const hits = nodes.reduce((sum, { hitCount = 0 }) => sum + hitCount, 0);
  for (const { id, hitCount = 0 } of nodes) {
    if (hitCount > 0) add(id, Math.max(0, endTime - startTime) * hitCount / hits / MICROSECONDS, hitCount);
  }
  return times;
}

/** The samples by their times. V8 tells some of them late, which shows as a negative difference. */
function samplesInOrder({ samples, timeDeltas, startTime }: CpuProfile): { id: number; time: number }[] | undefined {
  if (samples === undefined || timeDeltas === undefined) return undefined;
  let time = startTime;
  return samples.map((id, index) => ({ id, time: time += timeDeltas[index]! })).sort((a, b) => a.time - b.time);
}
