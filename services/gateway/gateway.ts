import { existsSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import type { Duplex } from 'node:stream';
import { Accounts } from '../shared/accounts.ts';
import { FaultError } from '../shared/fault.ts';
import type { Logger } from '../shared/log.ts';
import { NOTHING } from '../shared/rights.ts';
import { readOrMakeSecret } from '../shared/secrets.ts';
import type { GatewaySettings } from '../shared/settings.ts';
import { Access, type AccessParts } from './access/access.ts';
import { createClientFinder } from './access/proxy.ts';
import { doctorProgram, userProgram } from './access/user-command.ts';
import { createApp } from './app.ts';
import { readAssets } from './assets.ts';
import { Callers } from './callers.ts';
import { Door } from './door.ts';
import { Hub } from './hub.ts';
import { createMetrics } from './metrics.ts';
import { ownAddress, pageAddress } from './page-address.ts';
import { Refusals } from './refusals.ts';
import { createBoundedServer } from './server.ts';

/** So often it is looked whether whoever watches still may, and at connections that do nothing, in ms. */
const TICK_MS = 1_000;
/** What Docker, Podman and Kubernetes put into their containers. */
const CONTAINER_MARKS = ['/.dockerenv', '/run/.containerenv', '/var/run/secrets/kubernetes.io'];

export interface Gateway extends AsyncDisposable {
  /** Where it is served; the port differs from the setting when that is 0. */
  readonly address: { host: string; port: number };
  /** The address to open in a browser; with a token when one is needed. */
  readonly url: string;
}

/** Starts the HTTP side: serves as soon as it returns, whether or not the bus is there. Throws FaultError when its port is taken. */
export async function startGateway(settings: GatewaySettings, tools: { log: Logger; connect?: () => Duplex }): Promise<Gateway> {
  const { host, basePath, maxViewers, auth, trustedProxies } = settings.gateway;
  const secrets = auth ? readSecrets(settings) : null;
  const clientOf = createClientFinder(trustedProxies);
  const refusals = new Refusals(tools.log);
  const access = secrets && createAccess(settings, { secrets, clientOf, log: tools.log });
  if (!access) tools.log.warn('GATEWAY_AUTH is off: whoever reaches the gateway sees every camera');
  const hub = new Hub(settings, tools);
  const callers = new Callers((reason, client) => refusals.add(reason, { client }));
  const ticker = setInterval(() => {
    access?.tick();
    callers.sweep(performance.now());
  }, TICK_MS);
  try {
    const door = new Door({ hub, maxViewers, refusals, clientOf, log: tools.log });
    const metrics = createMetrics({ hub, refusals });
    const isContainer = CONTAINER_MARKS.some((mark) => existsSync(mark));
    const folder = import.meta.dirname;
    const programs = { userProgram: userProgram({ isContainer, folder }), doctorProgram: doctorProgram({ isContainer, folder }) };
    const tellers = { refusals, metrics, log: tools.log };
    const { app } = createApp({ hub, access, assets: readAssets(), basePath, door, callers, clientOf, ...programs, ...tellers });
    const server = createBoundedServer({ app, callers, maxViewers, refusals, clientOf });
    await listen(server, settings.gateway);
    const { port } = server.address() as AddressInfo;
    const place = { host: os.hostname(), isContainer, port };
    hub.announcePage(pageAddress(settings.gateway, place), ownAddress(settings.gateway, place));
    const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
    return {
      address: { host, port },
      url: `http://${shown}:${port}${basePath}${secrets ? `login?token=${secrets.token}` : ''}`,
      [Symbol.asyncDispose]: async () => {
        clearInterval(ticker);
        const closed = new Promise((resolve) => server.close(resolve));
        await hub[Symbol.asyncDispose]();
        callers.end();
        server.closeAllConnections();
        await closed;
      },
    };
  } catch (error) {
    clearInterval(ticker);
    await hub[Symbol.asyncDispose]();
    throw error;
  }
}

function createAccess({ gateway, dataDir }: GatewaySettings, parts: Pick<AccessParts, 'secrets' | 'clientOf' | 'log'>): Access {
  const { basePath, authHeader, proxyRights } = gateway;
  const proxyLogin = authHeader === undefined ? null : { header: authHeader, rights: proxyRights ?? NOTHING };
  return new Access({ ...parts, dataDir, accounts: new Accounts(dataDir), proxyLogin, basePath });
}

function readSecrets({ gateway, dataDir }: GatewaySettings) {
  return {
    token: gateway.token ?? readOrMakeSecret(dataDir, 'gateway-token'),
    password: gateway.password ?? readOrMakeSecret(dataDir, 'gateway-password'),
  };
}

async function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (error: NodeJS.ErrnoException) => {
    const why = {
      EADDRINUSE: `${host}:${port} is taken by another program: stop that one, or set GATEWAY_PORT to something else`,
      EACCES: `the gateway may not listen on ${host}:${port}: set GATEWAY_PORT to a port above 1023`,
    }[error.code ?? ''];
    reject(
      new FaultError(
        why ?? `the gateway cannot listen on ${host}:${port} (${error.code}): set GATEWAY_HOST to an address this machine has`,
        { cause: error },
      ),
    );
  });
  server.listen({ host, port }, resolve);
  await promise;
}
