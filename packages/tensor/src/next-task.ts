/** Waits for the event loop's next turn: a task, not a microtask, so that timers, input, `abort()` and a browser's painting have
 * theirs in between. Loops whose work blocks the thread await it between two pieces of work. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else if (typeof MessageChannel === "function") postMessageTo(resolve);
    else setTimeout(resolve, 0);
  });
}

/** Browsers raise a nested timeout of 0 to 4 ms and one of a hidden page to a second; a message to oneself arrives at once. */
function postMessageTo(receive: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    receive();
  };
  port2.postMessage(undefined);
}
