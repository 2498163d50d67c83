import { readFileSync } from 'node:fs';
import { FaultError } from '../shared/fault.ts';
import { readSettings, type Settings } from '../shared/settings.ts';
import { checkBroker } from './broker.ts';
import { checkCameras } from './camera.ts';
import { checkGateway } from './gateway.ts';
import { unwell, type Verdict } from './verdict.ts';

/** From the start of this process, in ms: then the answer is there, whatever is asked does. */
const LIMIT_MS = 2_500;

const HELP = `Is a service well? For Docker's HEALTHCHECK and the like: it prints one sentence, and is done within 3 s.

  health broker     it answers MQTT
  health camera     its cameras have published a picture in the last 10 s, or say why not
  health gateway    it answers, and is connected to the message bus

Run it with the settings of the service.
Exit code: 0 well, 1 not, 2 these arguments are wrong.
`;

const CHECKS: Record<string, (settings: Settings, signal: AbortSignal) => Promise<Verdict>> = {
  broker: checkBroker,
  camera: checkCameras,
  gateway: checkGateway,
};

process.exit(await main(process.argv.slice(2)));

async function main([service = '', ...others]: string[]): Promise<number> {
  const check = Object.hasOwn(CHECKS, service) && others.length === 0 ? CHECKS[service] : undefined;
  if (!check) {
    process.stderr.write(HELP);
    return 2;
  }
  const { well, says } = await ask(check);
  process.stdout.write(`${says}\n`);
  return well ? 0 : 1;
}

async function ask(check: (settings: Settings, signal: AbortSignal) => Promise<Verdict>): Promise<Verdict> {
  try {
    return await check(
      readSettings(process.env, (path) => readFileSync(path, 'utf8')),
      AbortSignal.timeout(Math.max(1, LIMIT_MS - Math.round(performance.now()))),
    );
  } catch (error) {
    if (error instanceof FaultError) return unwell(`This check cannot be made: ${error.message}`);
    throw error;
  }
}
