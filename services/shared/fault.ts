/** A fault of the world, not of the program: its message is a whole sentence for the user, cause and remedy included. */
export class FaultError extends Error {
  override name = 'FaultError';
}
