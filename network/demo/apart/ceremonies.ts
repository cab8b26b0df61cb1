// A ceremony as the hospitals of the test hold it: the file lies in the mailbox, each takes a copy home, reviews and
// signs it with its own command, and puts it back.
import { chmodSync, chownSync, copyFileSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Host } from './hosts.ts';
import type { Room } from './room.ts';

export interface ReviewedCeremony {
  readonly digest: string;
  readonly isComplete: boolean;
  readonly warnings: readonly string[];
}

export class RoomCeremony {
  readonly #room: Room;
  /** In the mailbox. */
  readonly file: string;

  constructor(room: Room, file: string) {
    this.#room = room;
    this.file = file;
  }

  /** What a hospital has written at home is given to all. */
  static putIntoMailbox(room: Room, home: string, file: string): RoomCeremony {
    const ceremony = new RoomCeremony(room, file);
    ceremony.#giveBack(home);
    return ceremony;
  }

  async review(host: Host): Promise<ReviewedCeremony> {
    return (await this.#room.answer(host, ['review', this.#takeHome(host)])) as ReviewedCeremony;
  }

  /** One after the other: each reviews what it has got, and gives it on with its own signature. */
  async sign(hosts: readonly Host[]): Promise<void> {
    for (const host of hosts) {
      const home = this.#takeHome(host);
      const { digest } = (await this.#room.answer(host, ['review', home])) as ReviewedCeremony;
      await this.#room.answer(host, ['sign', home, '--digest', digest]);
      this.#giveBack(home);
    }
  }

  submit(host: Host, ...more: readonly string[]): Promise<unknown> {
    return this.#room.answer(host, ['submit', this.#takeHome(host), ...more]);
  }

  #takeHome(host: Host): string {
    const home = join(host.folder, basename(this.file));
    copyFileSync(this.file, home);
    chownSync(home, host.user, host.user);
    return home;
  }

  #giveBack(home: string): void {
    const draft = `${this.file}.new`;
    copyFileSync(home, draft);
    chmodSync(draft, 0o644);
    renameSync(draft, this.file);
  }
}
