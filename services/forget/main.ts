import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { FaultError } from '../shared/fault.ts';
import { readSettings } from '../shared/settings.ts';
import { type Forgotten, forgetCamera } from './forget.ts';

const HELP = `Forgets a camera that was removed for good: clears what the message bus keeps of it, which takes it out of Home Assistant, too, and
deletes what was set on it. Stop the camera's service first.

  npm run forget -- {id}                              such as: npm run forget -- door
  docker compose run --rm camera forget {id}          in a container

Run it with the settings with which the camera ran: MQTT_URL, MQTT_PREFIX, DATA_DIR and so on.
Exit code: 0 it is forgotten, 1 it is not, and why, 2 these arguments are wrong.
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
  try {
    const settings = readSettings(process.env, (path) => readFileSync(path, 'utf8'));
    process.stdout.write(told(asked.id, await forgetCamera(asked.id, settings), settings.dataDir));
    return 0;
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    process.stderr.write(`HomeGuard cannot forget this camera: ${error.message}.\n`);
    return 1;
  }
}

function readArguments(args: string[]): { id: string; help: boolean } | { wrong: string } {
  try {
    const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { help: { type: 'boolean', short: 'h' } } });
    const [id = '', ...more] = positionals;
    if (values.help) return { id, help: true };
    return id && more.length === 0 ? { id, help: false } : { wrong: 'Name the one camera that is to be forgotten.' };
  } catch (error) {
    return { wrong: (error as Error).message };
  }
}

function told(id: string, { wasDiscovered, topics, files }: Forgotten, dataDir: string): string {
  const lines = [
    `The camera ${id} is forgotten:`,
    `  Home Assistant: ${wasDiscovered ? 'its device is removed' : 'it was not announced; told nevertheless that it is gone'}`,
    `  message bus: ${topics.length} kept values cleared${topics.length > 0 ? `, ${topics[0]} and so on` : ''}`,
    `  settings: ${files.length > 0 ? `deleted ${files.join(', ')}` : `none were kept in ${dataDir}/cameras`}`,
  ];
  return `${lines.join('\n')}\n`;
}
