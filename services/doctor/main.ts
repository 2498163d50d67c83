import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { LOOK_ROOTS } from '../camera/trouble/look.ts';
import { FaultError } from '../shared/fault.ts';
import { forgetSettings } from '../shared/setting-reader.ts';
import { examine } from './examine.ts';
import { printed } from './print.ts';

const HELP = `Looks why the camera is dark: programs, settings, devices and who may open and holds them, USB, the message bus.
It takes no camera from anybody, and changes nothing.

  npm run doctor                                  for people
  npm run --silent doctor -- --json               for programs
  npm run doctor -- --camera front                one camera of CAMERAS
  docker compose run --rm camera doctor           in a container

Run it with the settings with which HomeGuard runs: CAMERA_SOURCE, DATA_DIR, MQTT_URL and so on.
Marks: ✔ well, ! worth knowing, ✘ keeps a picture away; what mends it stands below.
Exit code: 0 a picture can come, 1 it cannot, 2 these arguments are wrong.
`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  const asked = readArguments(args);
  if ('wrong' in asked) {
    process.stderr.write(`${asked.wrong}\n\n${HELP}`);
    return 2;
  }
  if (asked.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const env = { ...process.env };
  // The programs that it asks need none of them.
  forgetSettings(process.env);
  const circumstances = { env, readFile: (path: string) => readFileSync(path, 'utf8'), roots: LOOK_ROOTS, camera: asked.camera };
  try {
    const examination = await examine(circumstances);
    process.stdout.write(asked.json ? `${JSON.stringify(examination, null, 2)}\n` : printed(examination, lookOf(process.stdout)));
    return examination.ok ? 0 : 1;
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

function readArguments(args: string[]): { json: boolean; help: boolean; camera?: string } | { wrong: string } {
  try {
    const options = { json: { type: 'boolean' }, camera: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
    const { json = false, help = false, camera } = parseArgs({ args, options }).values;
    return { json, help, camera };
  } catch (error) {
    return { wrong: (error as Error).message };
  }
}

/** https://no-color.org */
function lookOf({ isTTY }: NodeJS.WriteStream): { colours: boolean; plain: boolean } {
  return { colours: isTTY === true && !process.env.NO_COLOR, plain: isTTY === true && process.env.TERM === 'linux' };
}
