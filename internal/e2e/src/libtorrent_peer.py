"""A BitTorrent client on libtorrent for the end-to-end tests.

Arguments: a .torrent file, the download folder, the addresses to listen on, and the files to skip.
Prints libtorrent's alerts. The line `announce` on standard input makes it announce; SIGINT makes it
leave the swarm.
"""

import argparse
import select
import signal
import sys
import time

import libtorrent as lt

TICK = 0.05


def open_session(addresses):
    return lt.session(
        {
            "listen_interfaces": ",".join(f"{address}:6881" for address in addresses),
            # Find peers only through the tracker.
            "enable_dht": False,
            "enable_lsd": False,
            "enable_upnp": False,
            "enable_natpmp": False,
            "alert_mask": lt.alert.category_t.tracker_notification
            | lt.alert.category_t.status_notification
            | lt.alert.category_t.error_notification,
        }
    )


def add_torrent(session, arguments):
    parameters = lt.add_torrent_params()
    parameters.ti = lt.torrent_info(arguments.torrent)
    parameters.save_path = arguments.folder
    # Unmanaged, so that it stays paused once paused.
    parameters.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    parameters.file_priorities = [
        0 if index in arguments.leave_out else 4 for index in range(parameters.ti.num_files())
    ]
    return session.add_torrent(parameters)


def report(session):
    for alert in session.pop_alerts():
        print(f"{type(alert).__name__}: {alert.message()}", flush=True)


def take_commands(session, handle):
    """Runs until a signal arrives."""
    while True:
        report(session)
        readable, _, _ = select.select([sys.stdin], [], [], TICK)
        if readable and sys.stdin.readline().strip() == "announce":
            handle.force_reannounce(0, -1, lt.reannounce_flags_t.ignore_min_interval)


def leave(session, handle):
    """Announces `stopped`, and waits long enough for the answer."""
    handle.pause()
    end = time.monotonic() + 5
    while time.monotonic() < end:
        report(session)
        time.sleep(TICK)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("torrent")
    parser.add_argument("folder")
    parser.add_argument("addresses", nargs="+")
    parser.add_argument("--leave-out", type=int, action="append", default=[])
    arguments = parser.parse_args()

    signal.signal(signal.SIGINT, lambda *_: sys.exit())
    session = open_session(arguments.addresses)
    handle = add_torrent(session, arguments)
    try:
        take_commands(session, handle)
    finally:
        leave(session, handle)


main()
