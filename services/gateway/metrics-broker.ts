import type { BrokerTelemetry } from '../shared/contract.ts';
import type { Metric } from './metrics.ts';
import type { Seen } from './metrics-gateway.ts';

const FIGURES: Record<keyof BrokerTelemetry, Pick<Metric, 'type' | 'name' | 'help'>> = {
  clients: { type: 'gauge', name: 'homeguard_broker_clients', help: 'Connected MQTT clients.' },
  subscriptions: { type: 'gauge', name: 'homeguard_broker_subscriptions', help: 'Subscriptions of all of them.' },
  frames_in: { type: 'counter', name: 'homeguard_broker_frames_received_total', help: 'Pictures that were published.' },
  frames_out: { type: 'counter', name: 'homeguard_broker_frames_sent_total', help: 'Pictures given to subscribers.' },
  dropped: {
    type: 'counter',
    name: 'homeguard_broker_frames_dropped_total',
    help: 'Pictures that slow subscribers did not get, since they had not taken the last one.',
  },
  slow_closed: { type: 'counter', name: 'homeguard_broker_slow_clients_closed_total', help: 'Clients closed since they took nothing.' },
  logins_refused: {
    type: 'counter',
    name: 'homeguard_broker_logins_refused_total',
    help: 'Logins with an unknown user or a wrong password.',
  },
  memory: { type: 'gauge', name: 'homeguard_broker_resident_memory_bytes', help: 'Resident memory of the broker.' },
  uptime_s: { type: 'gauge', name: 'homeguard_broker_uptime_seconds', help: 'Since the broker began.' },
  bridge: { type: 'gauge', name: 'homeguard_broker_bridge_connected', help: "1 while the bridge is connected to the house's broker." },
};

/** What our own broker tells of itself; of another one there is nothing. */
export function brokerMetrics({ hub }: Seen): Metric[] {
  return Object.entries(FIGURES).map(([figure, metric]) => ({
    ...metric,
    read: () => {
      const value = hub.telemetry.broker(performance.now())?.figures[figure];
      return value === undefined ? [] : [[value]];
    },
  }));
}
