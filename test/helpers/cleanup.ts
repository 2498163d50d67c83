/** Where a helper may leave what is to be undone: a TestContext, or `{ after }` of node:test for a whole suite. */
export interface Scope {
  after(undo: () => void | Promise<void>): void;
}

const undoings = new WeakMap<Scope, (() => void | Promise<void>)[]>();

/**
 * Undoes in the reverse order of the doing, as `await using` would: node:test itself runs its hooks first to last, which would take
 * the folder from under the program that still writes into it. Every undoing runs, also when an earlier one fails.
 */
export function defer(scope: Scope, undo: () => void | Promise<void>): void {
  const known = undoings.get(scope);
  if (known) {
    known.push(undo);
    return;
  }
  const undos = [undo];
  undoings.set(scope, undos);
  scope.after(() => undoAll(undos));
}

async function undoAll(undos: (() => void | Promise<void>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (let undo = undos.pop(); undo; undo = undos.pop()) {
    try {
      await undo();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, `${errors.length} things could not be undone`);
}
