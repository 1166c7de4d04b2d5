//! Which process listens on an address, where the system shows it to its user.

use std::net::SocketAddr;
use std::time::Duration;

/// A process.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) pid: u32,
    /// The name of its program.
    pub(crate) program: String,
    /// For how long it has run.
    pub(crate) up: Duration,
}

impl Holder {
    /// `pid 4121, up 2 h`
    pub(crate) fn in_words(&self) -> String {
        let seconds = self.up.as_secs();
        let up = match seconds {
            0..60 => format!("{seconds} s"),
            60..3_600 => format!("{} min", seconds / 60),
            3_600..172_800 => format!("{} h", seconds / 3_600),
            _ => format!("{} days", seconds / 86_400),
        };
        format!("pid {}, up {up}", self.pid)
    }
}

/// The process that listens there; none if the system does not say, or it is another user's.
#[cfg(not(target_os = "linux"))]
pub(crate) const fn of(_: SocketAddr) -> Option<Holder> {
    None
}

/// The process that listens there; none if the system does not say, or it is another user's.
///
/// Source: "proc(5)" (Linux manual).
#[cfg(target_os = "linux")]
pub(crate) fn of(address: SocketAddr) -> Option<Holder> {
    let table = if address.is_ipv4() {
        "/proc/net/tcp"
    } else {
        "/proc/net/tcp6"
    };
    let sockets = std::fs::read_to_string(table).ok()?;
    let inode = sockets.lines().find_map(|line| listening(line, address))?;
    let socket = format!("socket:[{inode}]");
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let pid: u32 = pids.find(|pid| has(*pid, &socket))?;
    let read = |file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).ok();
    Some(Holder {
        pid,
        program: read("comm")?.trim_end().to_owned(),
        up: up(
            &read("stat")?,
            &std::fs::read_to_string("/proc/uptime").ok()?,
        )?,
    })
}

/// The inode of a socket that listens on an address, of a line of the table.
#[cfg(target_os = "linux")]
fn listening(line: &str, address: SocketAddr) -> Option<u64> {
    /// The state of a socket that listens.
    const LISTEN: &str = "0A";
    let mut columns = line.split_whitespace().skip(1);
    let (local, state) = (columns.next()?, columns.nth(1)?);
    let (ip, port) = local.rsplit_once(':')?;
    let is_port = u16::from_str_radix(port, 16).ok()? == address.port();
    // Each group of four bytes is a number of this machine.
    let own: Vec<u8> = match address.ip() {
        std::net::IpAddr::V4(ip) => ip.octets().to_vec(),
        std::net::IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let own = own.chunks_exact(4).map(|four| {
        let four = four.try_into().unwrap_or_default();
        format!("{:08X}", u32::from_ne_bytes(four))
    });
    let is_ip = ip == own.collect::<String>() || ip.bytes().all(|digit| digit == b'0');
    let inode = columns.nth(5)?.parse().ok()?;
    (state == LISTEN && is_port && is_ip).then_some(inode)
}

/// Whether a process has a socket.
#[cfg(target_os = "linux")]
fn has(pid: u32, socket: &str) -> bool {
    let files = std::fs::read_dir(format!("/proc/{pid}/fd"));
    let mut files = files.into_iter().flatten().flatten();
    files.any(|file| std::fs::read_link(file.path()).is_ok_and(|link| link.as_os_str() == socket))
}

/// For how long a process has run.
#[cfg(target_os = "linux")]
fn up(stat: &str, uptime: &str) -> Option<Duration> {
    // The name of the program, in parentheses, may contain anything.
    let (_, after) = stat.rsplit_once(')')?;
    let started: u64 = after.split_whitespace().nth(19)?.parse().ok()?;
    let started = started / rustix::param::clock_ticks_per_second().max(1);
    let running: u64 = uptime.split(['.', ' ']).next()?.parse().ok()?;
    Some(Duration::from_secs(running.saturating_sub(started)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_in_words() {
        let of = |seconds| {
            let holder = Holder {
                pid: 7,
                program: "x".to_owned(),
                up: Duration::from_secs(seconds),
            };
            holder.in_words()
        };
        assert_eq!(of(5), "pid 7, up 5 s");
        assert_eq!(of(125), "pid 7, up 2 min");
        assert_eq!(of(7_300), "pid 7, up 2 h");
        assert_eq!(of(200_000), "pid 7, up 2 days");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_found_by_its_listener() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = std::net::TcpListener::bind(address) else {
                // A machine without IPv6.
                continue;
            };
            let address = listener.local_addr().expect("an address");
            let holder = of(address).expect("a process");
            assert_eq!(holder.pid, std::process::id());
            assert!(!holder.program.is_empty());
            drop(listener);
            assert_eq!(of(address), None);
        }
    }
}
