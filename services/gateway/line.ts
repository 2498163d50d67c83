import type { Bus } from '../shared/bus.ts';
import { cameraTopics } from '../shared/contract.ts';
import { Camera } from './camera.ts';
import { Channel } from './channel.ts';
import { Commands } from './command.ts';

/**
 * One camera: its channel, the commands to it, and its own connection to the bus, since a Last Will covers one topic (the camera's
 * `viewers/{gateway}`).
 */
export interface Line {
  channel: Channel;
  commands: Commands;
  bus: Bus;
  /** Subscribes to the frames or leaves them, as they are wanted now. */
  listen(): void;
}

export interface LineOptions {
  prefix: string;
  /** Where the number of viewers is told. */
  viewersTopic: string;
  /** Whether all cameras together have as many commands under way as they may. */
  isBusy: () => boolean;
}

/**
 * Tells on `bus` how many viewers the camera has, and subscribes to its frames only while it has some, once for all of them, or while
 * a camera that tells nothing of itself is looked at.
 */
export function openLine(id: string, bus: Bus, { prefix, viewersTopic, isBusy }: LineOptions): Line {
  const topics = cameraTopics(prefix, id);
  bus.announce(viewersTopic, '0');
  let subscribed = false;
  const listen = () => {
    const wanted = channel.viewers > 0 || channel.camera.sighting?.isLooking === true;
    if (subscribed === wanted) return;
    subscribed = wanted;
    if (wanted) {
      bus.subscribe(topics.frame, ({ payload, retain }) => {
        channel.receive(payload, retain);
        if (channel.camera.sighting) listen();
      });
    } else {
      bus.unsubscribe(topics.frame);
      channel.left();
    }
  };
  const channel = new Channel(new Camera(id), (viewers) => {
    listen();
    bus.announce(viewersTopic, String(viewers));
  });
  return { channel, commands: new Commands(bus, topics, isBusy), bus, listen };
}
