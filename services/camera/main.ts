import { readFileSync } from 'node:fs';
import { createLog } from '../shared/log.ts';
import { run } from '../shared/run.ts';
import { forgetSettings } from '../shared/setting-reader.ts';
import { readSettings } from '../shared/settings.ts';
import { startCamera } from './camera.ts';
import { Doctor } from './knobs/doctor.ts';

await run(async (signal) => {
  const { cameras, camera, logLevel, logFormat, ...settings } = readSettings(process.env, (path) => readFileSync(path, 'utf8'));
  const env = { ...process.env };
  forgetSettings(process.env);
  const log = createLog(logLevel, logFormat);
  await using begun = new AsyncDisposableStack();
  const doctor = begun.use(new Doctor({ env, log }));
  for (const { id, source } of cameras) {
    begun.use(await startCamera({ ...settings, camera: { ...camera, id, source: source ?? 'device' } }, { log, doctor }, signal));
  }
  return begun.move();
});
