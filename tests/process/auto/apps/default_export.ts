/** An application as default export. */

import { answer, failure } from "./fetch_handler.ts";

/** An application with private state. */
class App {
  readonly port = 0;
  readonly hostname = "127.0.0.1";
  readonly development = false;
  readonly error = failure;
  #asked = 0;

  readonly fetch = (request: Request): Response | Promise<Response> => {
    this.#asked++;
    return answer(request);
  };
}

export default new App();
