#!/usr/bin/env node
// The command consilium-test-network. Its code is loaded by a Node that can run it, and by no other.
await import(new URL('../../../scripts/require-node.js', import.meta.url).href);
await import('./command-line.ts');
