import { readFileSync } from 'node:fs';
import os from 'node:os';
import { FaultError } from '../shared/fault.ts';
import { readSettings } from '../shared/settings.ts';
import { makeSecrets } from './parts.ts';
import { welcome } from './welcome.ts';

// A one-shot program: containers and units of systemd have the secrets made before the services start, each its own.
try {
  const settings = readSettings(process.env, (path) => readFileSync(path, 'utf8'));
  process.stdout.write(welcome(settings, makeSecrets(settings.dataDir), os.hostname()));
} catch (error) {
  if (!(error instanceof FaultError)) throw error;
  process.stderr.write(`HomeGuard cannot be set up: ${error.message}\n`);
  process.exitCode = 1;
}
