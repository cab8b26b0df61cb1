// The page of exit codes, written from the table that the commands use.
import { EXIT_CODES, EXIT_OF_SIGNALS } from '../exit-codes.ts';

export const PAGE = 'docs/reference/exit-codes.md';

export function exitCodesPage(): string {
  const rows = Object.values(EXIT_CODES).map(
    ({ status, meaning, remedy }) => `| ${status} | ${meaning} | ${remedy} |`,
  );
  const signals = `Signal n ended the command; ${EXIT_OF_SIGNALS + 13} where nobody read its output.`;
  return `# Exit codes

Written from the code by \`scripts/write-documentation.sh\`.

Every command ends with one of these: \`consilium-network\`, \`consilium-gateway\`, \`consilium-trainer\`,
\`consilium-test-network\`, and the programs of benches and fuzz targets.

| status | meaning | what to do |
| --- | --- | --- |
${rows.join('\n')}
| ${EXIT_OF_SIGNALS} + n | ${signals} | Nothing, if you sent it. |

A service that runs until it is stopped ends with 0 on SIGTERM and SIGINT. A service manager should not restart a
program that ended with 2: with systemd, \`RestartPreventExitStatus=2\`.

Problems are listed on standard error, one a line, each with its option, variable or field. Standard output holds the
answer alone. With \`CONSILIUM_DEBUG=1\` every error shows its stack.
`;
}
