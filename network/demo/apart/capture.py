"""Watches a bridge until it is ended, and says of each direction of each TCP connection how it began and whether it
kept to TLS records as far as no packet was lost. Prints one JSON document."""
import json
import signal
import socket
import struct
import sys

interface, secrets_file = sys.argv[1], sys.argv[2]
flows, others, leaks = {}, {}, 0
secrets = [line.strip().encode() for line in open(secrets_file) if line.strip()]
ended = False


def end(*_):
    global ended
    ended = True


signal.signal(signal.SIGTERM, end)
watch = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
watch.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
watch.bind((interface, 0))
watch.settimeout(0.5)
print("watching", file=sys.stderr, flush=True)


def records(flow, data):
    """Walks over TLS records: type, version, length."""
    data = flow["rest"] + data
    while data and flow["tls"]:
        if flow["skip"]:
            taken = min(flow["skip"], len(data))
            flow["skip"] -= taken
            data = data[taken:]
            continue
        if len(data) < 5:
            break
        kind, major, _, length = struct.unpack("!BBBH", data[:5])
        if kind not in (20, 21, 22, 23) or major != 3 or length > 16640:
            flow["tls"] = False
            flow["odd"] = data[:16].hex()
            break
        flow["records"] += 1
        flow["skip"] = length
        data = data[5:]
    flow["rest"] = data if flow["tls"] else b""


while not ended:
    try:
        packet = watch.recv(65535)
    except (TimeoutError, socket.timeout, InterruptedError):
        continue
    ethertype = struct.unpack("!H", packet[12:14])[0]
    if ethertype != 0x0800:
        others[hex(ethertype)] = others.get(hex(ethertype), 0) + 1
        continue
    header = (packet[14] & 15) * 4
    size = struct.unpack("!H", packet[16:18])[0]
    if packet[23] != 6:
        others["ip protocol %d" % packet[23]] = others.get("ip protocol %d" % packet[23], 0) + 1
        continue
    tcp = packet[14 + header:14 + size]
    source, target, sequence = struct.unpack("!HHI", tcp[:8])
    flags = tcp[13]
    payload = tcp[(tcp[12] >> 4) * 4:]
    key = "%s:%d>%s:%d" % (socket.inet_ntoa(packet[26:30]), source, socket.inet_ntoa(packet[30:34]), target)
    if flags & 2:
        flows[key] = {"next": (sequence + 1) & 0xFFFFFFFF, "tls": True, "whole": True, "records": 0, "bytes": 0,
                      "skip": 0, "rest": b""}
        continue
    if not payload:
        continue
    leaks += sum(secret in payload for secret in secrets)
    flow = flows.get(key)
    if flow is None:
        continue
    flow["bytes"] += len(payload)
    if not flow["whole"] or not flow["tls"]:
        continue
    ahead = (sequence - flow["next"]) & 0xFFFFFFFF
    if ahead >= 0x80000000:
        payload = payload[0x100000000 - ahead:]  # sent again
        if not payload:
            continue
    elif ahead > 0:
        flow["whole"] = False  # lost here, or out of order
        continue
    flow["next"] = (flow["next"] + len(payload)) & 0xFFFFFFFF
    records(flow, payload)

for flow in flows.values():
    del flow["rest"], flow["skip"], flow["next"]
json.dump({"flows": flows, "others": others, "leaks": leaks}, sys.stdout)
