/** Which service knows which secrets: each has a folder of its own, so that who takes over one of them does not have those of the others. */
import path from 'node:path';
import { BROKER_USERS, readOrMakeSecret, readSecret, writeSecret } from '../shared/secrets.ts';

/** Folder below DATA_DIR -> its secrets. The broker comes first: what it knows is what counts. */
const PARTS: Record<string, string[]> = {
  broker: BROKER_USERS.map((user) => `mqtt-${user}`),
  camera: ['mqtt-camera', 'mqtt-healthcheck'],
  gateway: ['mqtt-gateway', 'gateway-token', 'gateway-password'],
};

/**
 * Makes the secrets that are missing, the same in every part that knows of it, and leaves the others as they are.
 * @returns name -> secret
 * @throws FaultError when one can be neither read nor written
 */
export function makeSecrets(dataDir: string): Map<string, string> {
  const secrets = new Map<string, string>();
  for (const name of new Set(Object.values(PARTS).flat())) {
    const folders = Object.keys(PARTS)
      .filter((part) => PARTS[part]?.includes(name))
      .map((part) => path.join(dataDir, part));
    const known = folders.map((folder) => readSecret(folder, name)).find((secret) => secret !== undefined);
    const secret = known ?? readOrMakeSecret(folders[0] ?? dataDir, name);
    for (const folder of folders) writeSecret(folder, name, secret);
    secrets.set(name, secret);
  }
  return secrets;
}
