//! Whom to believe about where a request comes from: the proxies before this service, which write
//! the address that they were asked from into `X-Forwarded-For`.
//!
//! Each proxy appends to the header, and whoever asks may send one: so it is read from its end, and
//! the first address that is no proxy of ours is the client's. What comes before it anybody may have
//! made up.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    str::FromStr,
    sync::Arc,
};

use axum::http::{HeaderMap, HeaderName};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The networks of trusted proxies. None by default. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies(Arc<[IpNet]>);

impl FromStr for Proxies {
    type Err = &'static str;

    /// Addresses or networks with commas between them, or `loopback`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut networks = Vec::new();
        for item in text.split(',').map(str::trim) {
            if item == "loopback" {
                networks.push(Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8).into());
                networks.push(Ipv6Net::new_assert(std::net::Ipv6Addr::LOCALHOST, 128).into());
                continue;
            }
            let network = item.parse().or_else(|_| item.parse::<IpAddr>().map(IpNet::from));
            let bad = "use addresses or networks such as 10.0.0.0/8, or loopback, with commas";
            networks.push(network.map_err(|_| bad)?);
        }
        Ok(Self(networks.into()))
    }
}

impl Proxies {
    /// The address of the client, of a request that came from `peer`.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let values = headers.get_all(FORWARDED_FOR).iter().rev();
        let mut hops = values.flat_map(|value| value.to_str().unwrap_or("?").rsplit(','));
        while self.trusts(client) {
            // What no proxy of ours can have written says nothing: the proxy itself is known.
            let Some(hop) = hops.next().and_then(address) else { break };
            client = hop;
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// An address as proxies write it: some with the port.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).unwrap_or(hop);
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare.parse().ok().or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(proxies: &str, peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(value).unwrap());
        }
        let proxies = match proxies {
            "" => Proxies::default(),
            text => text.parse::<Proxies>().unwrap(),
        };
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_proxies_are_believed() {
        let proxies = "10.0.0.0/8, 192.0.2.7, 2001:db8::/32";
        for (proxies, peer, forwarded, expected) in [
            // Nobody is trusted, or not this one.
            ("", "10.0.0.1", &["198.51.100.1"][..], "10.0.0.1"),
            (proxies, "198.51.100.9", &["198.51.100.1"], "198.51.100.9"),
            (proxies, "192.0.2.8", &["198.51.100.1"], "192.0.2.8"),
            // One proxy, or several in a row.
            (proxies, "10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            (proxies, "192.0.2.7", &["198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            (proxies, "10.0.0.1", &["198.51.100.1", "10.0.0.2,10.0.0.3"], "198.51.100.1"),
            (proxies, "2001:db8::1", &["2001:db9::5"], "2001:db9::5"),
            // Whatever the client had sent itself comes before its address.
            (proxies, "10.0.0.1", &["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            (proxies, "10.0.0.1", &["10.9.9.9", "nonsense, 198.51.100.1"], "198.51.100.1"),
            // From within.
            (proxies, "10.0.0.1", &["10.0.0.2"], "10.0.0.2"),
            (proxies, "10.0.0.1", &[], "10.0.0.1"),
            // As some write it.
            (proxies, "10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            (proxies, "10.0.0.1", &["[2001:db9::5]:4711"], "2001:db9::5"),
            (proxies, "10.0.0.1", &["[2001:db9::5]"], "2001:db9::5"),
            (proxies, "::ffff:10.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
            ("loopback", "127.0.0.9", &["198.51.100.1"], "198.51.100.1"),
            ("loopback", "::1", &["198.51.100.1"], "198.51.100.1"),
            // Nothing that can be read.
            (proxies, "10.0.0.1", &["198.51.100.1, unknown"], "10.0.0.1"),
            (proxies, "10.0.0.1", &["198.51.100.1, unknown, 10.0.0.2"], "10.0.0.2"),
            (proxies, "10.0.0.1", &["198.51.100.1, "], "10.0.0.1"),
        ] {
            assert_eq!(client(proxies, peer, forwarded), expected, "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in ["", "proxy.example", "10.0.0.0/33", "10.0.0.1,,", "*", "10.0.0.1:80"] {
            assert!(bad.parse::<Proxies>().is_err(), "{bad}");
        }
    }
}
