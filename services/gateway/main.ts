import { readFileSync } from 'node:fs';
import { createLog } from '../shared/log.ts';
import { run } from '../shared/run.ts';
import { readSettings } from '../shared/settings.ts';
import { readVersion } from '../shared/version.ts';
import { startGateway } from './gateway.ts';

await run(async () => {
  const settings = readSettings(process.env, (path) => readFileSync(path, 'utf8'));
  const log = createLog(settings.logLevel, settings.logFormat).child({ service: 'gateway' });
  const gateway = await startGateway(settings, { log });
  // Its log may be read by people who may not see the cameras, so the token is not in it.
  log.info(
    { version: readVersion(), bus: settings.mqtt.url },
    `serving on ${gateway.address.host}:${gateway.address.port}; log in with the token in ${settings.dataDir}/secrets/gateway-token`,
  );
  return gateway;
});
