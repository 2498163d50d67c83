import { FaultError } from './fault.ts';
import { createLog } from './log.ts';

/** From the first signal to the end of the process, in ms; then it is ended the hard way. */
const STOP_DEADLINE_MS = 4_500;

/**
 * Runs a service until SIGINT or SIGTERM: `start` gets a signal to hand on, what it returns is disposed of at the end.
 * Exit code 0 after a clean stop, 1 when the start failed or the stop took too long; a second signal ends at once (130).
 * A `FaultError` is told in one sentence, anything else with its stack, since that is our own mistake.
 */
export async function run(start: (signal: AbortSignal) => Promise<AsyncDisposable>): Promise<void> {
  const stop = new AbortController();
  const stopped = Promise.withResolvers<void>();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(130);
      stop.abort(new Error(`${name} received`));
      setTimeout(() => process.exit(1), STOP_DEADLINE_MS).unref();
      stopped.resolve();
    });
  }
  try {
    const service = await start(stop.signal);
    await stopped.promise;
    await service[Symbol.asyncDispose]();
    process.exit(0);
  } catch (error) {
    if (stop.signal.aborted) process.exit(0);
    tell(error instanceof FaultError ? `HomeGuard cannot start: ${error.message}` : describe(error));
    process.exit(1);
  }
}

/** The settings may be what is wrong, so only the one word of them is looked at. */
function tell(sentence: string): void {
  if (process.env.LOG_FORMAT === 'json') createLog('error', 'json').error(sentence);
  else process.stderr.write(`${sentence}\n`);
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.stack ?? error.message}${error.cause ? `\ncaused by: ${describe(error.cause)}` : ''}`;
}
