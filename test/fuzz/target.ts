import fc from 'fast-check';

/** Something that has to stand whatever it is given. */
export interface Target {
  name: string;
  property: fc.IRawProperty<unknown>;
}

/** A target of one input: `check` throws when something does not hold. */
export function target<T>(name: string, input: fc.Arbitrary<T>, check: (input: T) => void): Target {
  return { name, property: fc.property(input, check) as fc.IRawProperty<unknown> };
}

export interface Round {
  /** Two rounds of the same seed throw the same. */
  seed: number;
  /** Of a failure, to see it alone again. */
  path?: string;
  /** At most so long, in ms. */
  ms: number;
  runs?: number;
}

/** Throws inputs at a target; null when it stood them all, else what it failed at, and how to see it again. */
export function attack({ name, property }: Target, { seed, path, ms, runs = 1e9 }: Round): { thrown: number; failure: string | null } {
  const limits = { seed, path, numRuns: path === undefined ? runs : 1, interruptAfterTimeLimit: ms, markInterruptAsFailure: false };
  const details = fc.check(property as fc.IProperty<unknown>, limits as fc.Parameters<unknown>) as fc.RunDetails<unknown>;
  if (!details.failed) return { thrown: details.numRuns, failure: null };
  const again = `npm run fuzz -- --target ${JSON.stringify(name)} --seed ${details.seed} --path ${details.counterexamplePath}`;
  return {
    thrown: details.numRuns,
    failure: `${name}: see it again with\n  ${again}\n${fc.defaultReportMessage(details)}\n${(details.errorInstance as Error)?.stack}`,
  };
}
