import { readFileSync } from 'node:fs';
import { startBroker } from './broker/broker.ts';
import { startCamera } from './camera/camera.ts';
import { Doctor } from './camera/knobs/doctor.ts';
import { startGateway } from './gateway/gateway.ts';
import { createLog, type Logger } from './shared/log.ts';
import { run } from './shared/run.ts';
import { type Environment, forgetSettings } from './shared/setting-reader.ts';
import { readSettings, type Settings } from './shared/settings.ts';
import { readVersion } from './shared/version.ts';

/** All three services in one process. They meet on MQTT as ever, here over connections within the process. */
async function startAll(settings: Settings, env: Environment, log: Logger, signal: AbortSignal): Promise<AsyncDisposable> {
  const services = new AsyncDisposableStack();
  try {
    // Whoever names a bus has a broker of their own.
    const broker = settings.mqtt.named ? null : services.use(await startBroker(settings, { log: log.child({ service: 'broker' }) }));
    if (!broker && settings.bridge.url) log.warn('BRIDGE_URL has no effect: MQTT_URL names another broker, and only our own has a bridge');
    const tools = (service: string) => ({ log: log.child({ service }), ...(broker && { connect: () => broker.connect() }) });
    // Last started, first stopped: viewers are told that the camera goes before they are sent away.
    const gateway = services.use(await startGateway(settings, tools('gateway')));
    // Port 0 is another one each time.
    const doctorEnv = { ...env, ...(broker && { BROKER_PORT: String(broker.address.port) }) };
    const doctor = services.use(new Doctor({ env: doctorEnv, log: log.child({ service: 'camera' }) }));
    for (const { id, source } of settings.cameras) {
      const camera = { ...settings.camera, id, source: source ?? 'auto' };
      services.use(await startCamera({ ...settings, camera }, { ...tools('camera'), log, doctor }, signal));
    }
    if (broker) log.info(`MQTT: ${broker.address.host}:${broker.address.port}, users and passwords in ${settings.dataDir}/secrets`);
    const told = 'HomeGuard is running. Open this address:';
    if (settings.logFormat === 'json') log.info({ version: readVersion(), url: shownUrl(gateway.url) }, told);
    else process.stdout.write(`\n  ${told}\n\n  ${gateway.url}\n\n`);
    return services;
  } catch (error) {
    await services.disposeAsync();
    throw error;
  }
}

/** Logs as JSON are gathered and kept: the token in the address is for whoever sits at the terminal. */
function shownUrl(url: string): string {
  return process.stdout.isTTY ? url : new URL('.', url).href;
}

await run((signal) => {
  const settings = readSettings(process.env, (path) => readFileSync(path, 'utf8'));
  const env = { ...process.env };
  forgetSettings(process.env);
  return startAll(settings, env, createLog(settings.logLevel, settings.logFormat), signal);
});
