/** By which whoever sends a command knows again what comes of it: it goes out with that. */
const ID = /^\P{C}{1,64}$/u;

export function isCommandId(given: unknown): given is string {
  return typeof given === 'string' && ID.test(given);
}
