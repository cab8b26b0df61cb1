// Which orderers get a message, when one takes it and orders nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NotTakenError, type Sending, sendUntilThere } from './send-until-there.ts';

/** Orderers by name. What the message was for is there once one that orders has got it. */
function orderers(kinds: Readonly<Record<string, 'orders' | 'takes' | 'refuses'>>) {
  const asked: string[] = [];
  const sending = {
    orderers: Object.keys(kinds),
    send: async (name) => {
      asked.push(name);
      return kinds[name] === 'refuses' ? `${name} refuses` : undefined;
    },
    look: async () => asked.find((name) => kinds[name] === 'orders'),
    lookEveryMs: 0,
    askAnotherAfterMs: 0,
    giveUpAfterMs: 600_000,
  } satisfies Sending<string, string>;
  return { asked, sending };
}

test('the first orderer that takes a message is the only one that gets it where it orders', async () => {
  const { asked, sending } = orderers({ away: 'refuses', first: 'orders', second: 'orders' });
  assert.equal(await sendUntilThere(sending), 'first');
  assert.deepEqual(asked, ['away', 'first']);
});

test('where the one that took it orders nothing, the next ones get it', async () => {
  const { asked, sending } = orderers({ stuck: 'takes', away: 'refuses', third: 'orders', fourth: 'orders' });
  assert.equal(await sendUntilThere(sending), 'third');
  assert.deepEqual(asked, ['stuck', 'away', 'third']);
});

test('another orderer gets it only after the first had its time', async () => {
  const { asked, sending } = orderers({ slow: 'takes', second: 'orders' });
  const looks: string[] = [];
  const look = async () => (looks.push('looked') > 20 ? 'there' : undefined);
  assert.equal(await sendUntilThere({ ...sending, look, askAnotherAfterMs: 600_000 }), 'there');
  assert.deepEqual(asked, ['slow']);
});

test('a message that no orderer takes is refused with what each said, and one that is never there is said so', async () => {
  const { sending } = orderers({ one: 'refuses', two: 'refuses' });
  await assert.rejects(sendUntilThere(sending), (error: unknown) => {
    assert.ok(error instanceof NotTakenError);
    assert.deepEqual(error.answers, ['one refuses', 'two refuses']);
    return true;
  });
  const stuck = orderers({ one: 'takes', two: 'takes', three: 'refuses' });
  assert.equal(await sendUntilThere({ ...stuck.sending, giveUpAfterMs: 50 }), undefined);
  assert.equal(stuck.asked[0], 'one');
});
