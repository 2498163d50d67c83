import { readSecret } from '../shared/secrets.ts';
import type { CameraSettings } from '../shared/settings.ts';

/**
 * The user that was named, else the own broker's, whose password it may make only after we began.
 * @throws FaultError when there is a password that we may not read; later that only means no login
 */
export function credentialsOf({ mqtt, dataDir }: CameraSettings): () => { username?: string; password?: string } {
  if (mqtt.username) return () => ({ username: mqtt.username, password: mqtt.password });
  const read = () => readSecret(dataDir, 'mqtt-camera');
  let password = read();
  return () => {
    try {
      password = read();
    } catch {
      // The last one known is the best there is; the bus says when it refuses it.
    }
    return password ? { username: 'camera', password } : {};
  };
}
