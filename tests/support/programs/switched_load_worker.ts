import { runLoad, type RunningLoad, type SwitchedLoad } from "./switched_load_job.ts";

/** The global scope of a worker; the type checker knows only that of a window. */
const scope = globalThis as unknown as Pick<Worker, "addEventListener" | "postMessage">;

let load: RunningLoad | undefined;
scope.addEventListener("message", async ({ data }: MessageEvent<SwitchedLoad | "end">) => {
  if (data === "end") scope.postMessage(await load?.end());
  else {
    load = runLoad(data);
    scope.postMessage("running");
  }
});
scope.postMessage("ready");
