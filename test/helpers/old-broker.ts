import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { defer, type Scope } from './cleanup.ts';

/** CONNACK of MQTT 3.1.1 with "unacceptable protocol version" (3.1.1, 3.2.2.3). */
const REFUSED = Buffer.from([0x20, 2, 0, 1]);
const MQTT_5 = 5;

/** Makes a broker on `port` one that speaks MQTT 3.1.1 only: level 5 is refused before it, all else goes through. Gives its address. */
export async function oldBroker(t: Scope, port: number): Promise<string> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.once('data', (connect) => {
      // Behind the name `MQTT` and its length stands the level.
      if (connect[connect.indexOf('MQTT') + 4] === MQTT_5) {
        socket.end(REFUSED);
        return;
      }
      const broker = net.connect(port, '127.0.0.1').on('error', () => socket.destroy());
      sockets.add(broker);
      broker.write(connect);
      socket.pipe(broker).pipe(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  defer(t, () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
