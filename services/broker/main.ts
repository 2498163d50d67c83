import { readFileSync } from 'node:fs';
import { createLog } from '../shared/log.ts';
import { run } from '../shared/run.ts';
import { readSettings } from '../shared/settings.ts';
import { startBroker } from './broker.ts';

await run(async () => {
  const settings = readSettings(process.env, (path) => readFileSync(path, 'utf8'));
  const log = createLog(settings.logLevel).child({ service: 'broker' });
  const broker = await startBroker(settings, { log });
  log.info(`the message bus is open on ${broker.address.host}:${broker.address.port}`);
  return broker;
});
