import type { CommandName } from './flags.ts'

const TRACKER = `A BitTorrent tracker for HTTP and UDP.

Usage: chihaya [--config FILE] [--debug] [--json] [--nocolors]
       chihaya check [FILE] [--json]
       chihaya print-config [FILE]
       chihaya e2e [--httpaddr URL] [--udpaddr URL] [--delay 1s]
       chihaya health [FILE] [--ready] [--timeout 2s]

Without a command it runs the tracker. check says what is wrong with a
configuration, print-config what is in force, e2e whether a running tracker
works, and health whether that of a configuration serves; chihaya COMMAND
--help says more.

  --config FILE  the configuration, with $VAR and \${VAR} expanded in its path
                 default: /etc/chihaya.yaml if there is one, else HTTP and UDP
                 on port 6969 of every address, and swarms in memory
  --debug        log more
  --json         log JSON, one object a line
  --nocolors     log without colours
  --help, -h     show this
  --version      show the version

Variables such as CHIHAYA_HTTP_ADDR go before the configuration.
`

const CHECK = `Says everything that is wrong with a configuration, and what to know about it.

Usage: chihaya check [FILE] [--json]

Reads the file, the environment, certificates and files of secrets, and loads
the plugins that are named. Listens nowhere and connects to nothing. Exits
with 0 when the configuration is valid, warnings or not, and with 1 otherwise.

  FILE        the configuration; --config FILE means the same
              default: that of the tracker
  --json      print one JSON object: valid, config, errors, warnings
  --help, -h  show this
`

const PRINT_CONFIG = `Prints the configuration that is in force, as YAML.

Usage: chihaya print-config [FILE]

Defaults are filled in, secrets are masked, and comments name the environment
variables that values come from. Exits with 1 when the configuration is wrong.

  FILE        the configuration; --config FILE means the same
              default: that of the tracker
  --help, -h  show this
`

const E2E = `Announces twice to a running tracker, and fails unless the second peer is given
the first.

Usage: chihaya e2e [--httpaddr URL] [--udpaddr URL] [--delay 1s]

The torrent is made up, and both peers leave it in the end. URLs may have IPv6
addresses in brackets, paths and queries. Exits with 1 when a tracker fails.

  --httpaddr URL  default: http://127.0.0.1:6969/announce; "" for none
  --udpaddr URL   default: udp://127.0.0.1:6969; "" for none
  --delay 1s      how long to wait between the announces
  --help, -h      show this
`

const HEALTH = `Asks the tracker that runs with a configuration whether it serves.

Usage: chihaya health [FILE] [--ready] [--timeout 2s]

Asks /healthz where the configuration and the environment put the metrics.
Without metrics, each address of HTTP has to answer, or each of UDP without
HTTP. Announces nothing. Exits with 0 when the tracker
serves, and with 1 otherwise.

  FILE          the configuration; --config FILE means the same
                default: that of the tracker
  --ready       ask /readyz: whether it can do its work, the store included
  --timeout 2s  how long to wait for an answer
  --help, -h    show this
`

const HELP: Readonly<Record<CommandName, string>> = {
  check: CHECK,
  'print-config': PRINT_CONFIG,
  e2e: E2E,
  health: HEALTH,
}

/** What `--help` shows. */
export function helpOf(command: CommandName | undefined): string {
  return command === undefined ? TRACKER : HELP[command]
}
