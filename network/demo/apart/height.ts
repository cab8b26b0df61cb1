// How many blocks of the channel a hospital's gateway has.
import { GATEWAY_PATHS } from '@consilium/domain';
import type { Host } from './hosts.ts';
import type { Room } from './room.ts';

export const heightAt = async (room: Room, host: Host): Promise<number> =>
  (await room.siteOf(host).client.get<{ height: number }>(GATEWAY_PATHS.ledger)).height;
