import * as monitor from "@kymo/kymo";

/** Does its work `times` times. */
type Use = (times: number) => void;

/** Least bytes of an object in the heaps of V8 and JavaScriptCore. */
export const LEAST_OBJECT = 16;

const LABELS = 1_000;
const prepared = Array.from({ length: LABELS }, (_, i) => `label ${i}`);
const timedEmpty = monitor.timeIt("my code block")(() => {});

// Kept, so that no compiler can remove the work; of mixed types, so that numbers get no special
// representation.
const kept: unknown[] = ["", {}];

/**
 * Controls, which record nothing: an empty loop, objects and boxed numbers that the meter must see,
 * and strings of callers.
 */
export const CONTROLS = {
  nothing: (times) => {
    for (let i = 0; i < times; i++);
  },
  objects: (times) => {
    for (let i = 0; i < times; i++) kept[1] = { i };
  },
  fractions: (times) => {
    for (let i = 0; i < times; i++) kept[1] = i + 0.5;
  },
  strings: (times) => {
    for (let i = 0; i < times; i++) kept[1] = `label ${i % LABELS}`;
  },
} satisfies Record<string, Use>;

/** Uses that record one sample each time. */
export const USES = {
  constant: (times) => {
    for (let i = 0; i < times; i++) monitor.stopDurationSample("my code block", monitor.startDurationSample());
  },
  prepared: (times) => {
    for (let i = 0; i < times; i++) {
      monitor.stopDurationSample(prepared[i % LABELS]!, monitor.startDurationSample());
    }
  },
  dynamic: (times) => {
    for (let i = 0; i < times; i++) {
      const id = monitor.startDurationSample();
      monitor.stopDurationSample(`label ${i % LABELS}`, id);
    }
  },
  timeIt: (times) => {
    for (let i = 0; i < times; i++) timedEmpty();
  },
  using: (times) => {
    for (let i = 0; i < times; i++) {
      using _ = monitor.time("my code block");
    }
  },
} satisfies Record<string, Use>;

/** The name of a use or of a control. */
export type UseName = keyof typeof USES | keyof typeof CONTROLS;

/** The use or control with a name, and the number of samples that it records each time. */
export function useOf(name: UseName): { readonly use: Use; readonly samples: 0 | 1 } {
  return name in USES
    ? { use: USES[name as keyof typeof USES], samples: 1 }
    : { use: CONTROLS[name as keyof typeof CONTROLS], samples: 0 };
}
