import { readFileSync } from 'node:fs';
import { createLog } from '../shared/log.ts';
import { run } from '../shared/run.ts';
import { readSettings } from '../shared/settings.ts';
import { readVersion } from '../shared/version.ts';
import { startBroker } from './broker.ts';

await run(async () => {
  const settings = readSettings(process.env, (path) => readFileSync(path, 'utf8'));
  const log = createLog(settings.logLevel, settings.logFormat).child({ service: 'broker' });
  const broker = await startBroker(settings, { log });
  const { host, port } = broker.address;
  const { socket, tlsCert, tlsPort } = settings.broker;
  const also = [socket, tlsCert && `${host}:${tlsPort} (TLS)`].flatMap((where) => (where ? ` and ${where}` : []));
  log.info({ version: readVersion() }, `the message bus is open on ${host}:${port}${also.join('')}`);
  return broker;
});
