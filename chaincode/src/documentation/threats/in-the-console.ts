// What is tried in a browser, where somebody is signed in to the console, and at signing in.
import type { ThreatSection } from './threat-section.ts';

export const CONSOLE: ThreatSection = {
  title: 'In the console',
  threats: [
    {
      id: 'secrets-in-browsers',
      attack: 'Keys, tokens and answers that a browser keeps',
      titles: [
        'keeps the key that somebody signs in with nowhere: not in storage, an address, or what scripts can read',
        'begins with an API key, and does what that key may with a cookie that holds nothing of it',
        'gives a session with the roles of the access token, which ends with it, and no token to the browser',
        'keeps no answer in the browser, and shows nothing any more after signing out',
        'is given answers that no browser keeps, guesses the kind of, frames or runs',
        'has a cookie that only TLS carries where there is TLS, also behind a proxy',
      ],
    },
    {
      id: 'pages-of-others',
      attack: 'Pages of others in a browser that is signed in',
      titles: [
        'does nothing that a page of another origin asks for, on another port of its host or elsewhere',
        'is refused where a page of another origin may have sent the request',
        'cannot be begun or ended by a page of another origin',
        'is not for pages of origins that may use the API, whatever they may add to their requests',
        'is in no frame of another page',
        'counts for nothing where a request shows a key',
      ],
    },
    {
      id: 'sessions-of-others',
      attack: 'Sessions that somebody else began, and ways that lead elsewhere',
      titles: [
        'is never the one that a browser came with, and ends that one',
        'is read from one cookie alone: of two that differ none counts',
        'takes a code from the browser that began, with its own state, and once',
        'begins for nobody whom another page sends, and takes nobody elsewhere afterwards',
        'is one of the console, whatever is asked for',
        'is useless at the gateway of another hospital, and on one machine has a name of its own there',
        'has sessions of several gateways of one host side by side, each of its own',
      ],
    },
    {
      id: 'sessions-without-end',
      attack: 'Sessions that go on',
      titles: [
        'ends with its key: when that is revoked, ends or is rotated',
        'are revoked at once, also with sessions of the console',
        'ends when it is signed out, at that browser or everywhere',
        'end without use, whatever the page does by itself, and go on with use',
        'is kept alive by what a person does, and not by what the page asks by itself',
        'end after their time in all, however they are used',
        'end also where nobody asks anything with them',
        'of a token end with it, and ask with the role that may',
        'a stream of the console ends at once when it is signed out, without a sign of life between',
        'a stream of the console ends when the key of its session is revoked',
      ],
    },
    {
      id: 'written-markup',
      attack: 'Texts on the ledger that are scripts',
      titles: [
        'shows markup that a member wrote as the text that it is',
        'shows markup in any text of any answer as text, on every screen',
        'runs no script and takes no style that is not a file of the gateway, and loads and sends nothing elsewhere',
        'are one page for every path that names no file, and say on which terms a browser shows it',
      ],
    },
    {
      id: 'unread-texts',
      attack: 'A consent to a text, or of patients, that the steward did not read',
      titles: [
        'sends with a consent the digest that was read: of a text that is another by then it is refused',
        'what was read before is what the ledger has an answer to: the last of consent, refusal and vote',
        'whoever read a text that was amended meanwhile neither approves nor consents to the new one',
        'consent when both have said so, each in a session of their own, and not before',
        'are two persons: whoever goes around the page with the same name is refused by the ledger',
      ],
    },
    {
      id: 'studies-of-others',
      attack: 'Files, links and sessions that write or send a study in the place of a researcher',
      titles: [
        'takes of a file what a study has, names the rest, and shows a stranger’s markup as text',
        'what no study has, or has no such value, is named and not taken',
        'refuses a file that is no study, however large or deep it is, and goes on being usable',
        'replaces what was written by no link or file before somebody says so, and sends nothing by an address',
        'keeps a draft where the session ends, for whom wrote it, and shows it to nobody else',
        'is shown to nobody who may not propose, by no link and at no address',
        'a plan is quoted before it is proposed as its steward is quoted after, whatever was reserved before',
      ],
    },
    {
      id: 'hostile-evidence',
      attack: 'Files of evidence that are to deceive or halt a browser',
      titles: [
        'names the place of a byte that is another',
        'trusts no other first block than the one that is named, and asks for one',
        'refuses what is no evidence with its line, however deep or long it is, and goes on being usable',
        'shows markup in a file and in its name as text',
        'is stopped in the middle where somebody has it stopped, and checks the next file',
        'sends nothing while it checks, and needs no network',
        'what a browser takes says of a file, and of altered ones, what the command says',
        'Ed25519 is judged without the cofactor and with any form of a point, as in Go',
      ],
    },
    {
      id: 'forged-sign-ins',
      attack: 'Sign-ins that the provider did not give to this person here',
      titles: [
        'is refused unless both tokens are of this person, this client and this very sign-in',
        'is asked for with the verifier of the challenge, and with the secret as the provider takes it',
        'says what went wrong on a page, and signs nobody in',
        'signs in at a provider of another site, and comes back to the page that was asked for',
        "people of the console sign in at the provider only with a client's id and an address of this gateway",
      ],
    },
    {
      id: 'keys-over-rest',
      attack: 'Keys of other roles, made over REST',
      titles: [
        'are made and rotated nowhere unless the gateway is set up for it',
        'are not made with a key that is limited to scopes, whatever these are',
        'are listed for the operator alone, without what would show a key',
        'are made where it is, shown once, work at once, and are in the log without the key',
        'are for those alone whose certificate the gateway has, and for a time to come',
      ],
    },
    {
      id: 'places-in-the-console',
      attack: 'Sessions, streams and files without end',
      titles: [
        'are bounded for a key and in all: the one used longest ago ends',
        "windows of a browser take no stream that is kept for the trainer's program, nor those of its key",
        'counts attempts to guess a key as all others',
        'are those that the build listed, and nothing else that is on the disk',
      ],
    },
  ],
};
