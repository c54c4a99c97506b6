//! Where a PostgreSQL server is.

use std::env;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use postgres::Config;
use postgres::config::{Host, SslMode};

use crate::RemoteError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// What was sent and is not acknowledged for so long is lost, and the connection with it.
const SILENCE: Duration = Duration::from_secs(60);
const KEEPALIVE: Duration = Duration::from_secs(20);

/// A connection's settings.
#[derive(Clone)]
pub(crate) struct PostgresAddress {
    pub(super) config: Config,
}

impl PostgresAddress {
    pub(crate) fn parse(url: &str) -> Result<Self, RemoteError> {
        let (url, ssl_mode) = take_ssl_mode(url)?;
        let mut config: Config = url.parse().map_err(|error: postgres::Error| {
            let reason = error
                .source()
                .map_or(error.to_string(), ToString::to_string);
            RemoteError::Address(format!("cannot be read: {reason}"))
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(RemoteError::Address(
                "names no host: write postgres://user@host/database".into(),
            ));
        }
        let local = is_local(&config);
        config.ssl_mode(ssl_mode.unwrap_or(match local {
            true => SslMode::Disable,
            false => SslMode::Prefer,
        }));
        if config.get_password().is_none()
            && let Some(password) = env::var_os("PGPASSWORD")
        {
            config.password(password.as_encoded_bytes());
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENCE);
        }
        if config.get_keepalives_interval().is_none() {
            config.keepalives_idle(KEEPALIVE);
            config.keepalives_interval(KEEPALIVE);
        }
        if config.get_application_name().is_none() {
            config.application_name("lam");
        }
        Ok(Self { config })
    }
}

/// The URL without `sslmode`, whose values are more than the client knows, and what it asks for.
/// Certificates are always checked, so that `require` is no less than `verify-full`.
fn take_ssl_mode(url: &str) -> Result<(String, Option<SslMode>), RemoteError> {
    let Some((before, query)) = url.split_once('?') else {
        return Ok((url.into(), None));
    };
    let mut mode = None;
    let mut others = Vec::new();
    for pair in query.split('&') {
        match pair.strip_prefix("sslmode=") {
            None => others.push(pair),
            Some("disable") => mode = Some(SslMode::Disable),
            Some("allow" | "prefer") => mode = Some(SslMode::Prefer),
            Some("require" | "verify-ca" | "verify-full") => mode = Some(SslMode::Require),
            Some(other) => {
                return Err(RemoteError::Address(format!(
                    "has sslmode={other}: there are disable, prefer, require and verify-full"
                )));
            }
        }
    }
    Ok(match others.is_empty() {
        true => (before.into(), mode),
        false => (format!("{before}?{}", others.join("&")), mode),
    })
}

/// Whether nothing leaves this machine.
fn is_local(config: &Config) -> bool {
    let by_name = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost"
                || name
                    .parse()
                    .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    });
    by_name
        && config
            .get_hostaddrs()
            .iter()
            .all(|address| address.is_loopback())
}

impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        if let Some(user) = self.config.get_user() {
            write!(f, "{user}@")?;
        }
        let ports = self.config.get_ports();
        for (number, host) in self.config.get_hosts().iter().enumerate() {
            if number > 0 {
                f.write_str(",")?;
            }
            match host {
                Host::Tcp(name) => f.write_str(name)?,
                #[cfg(unix)]
                Host::Unix(path) => write!(f, "{}", path.display())?,
            }
            // One port counts for all hosts.
            if let Some(port) = ports.get(number).or(ports.first()) {
                write!(f, ":{port}")?;
            }
        }
        if self.config.get_hosts().is_empty() {
            for (number, address) in self.config.get_hostaddrs().iter().enumerate() {
                write!(f, "{}{address}", if number > 0 { "," } else { "" })?;
            }
        }
        match self.config.get_dbname() {
            Some(database) => write!(f, "/{database}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use postgres::config::SslMode;

    use super::PostgresAddress;

    fn mode(url: &str) -> SslMode {
        PostgresAddress::parse(url).unwrap().config.get_ssl_mode()
    }

    #[test]
    fn encryption_is_asked_for_where_something_leaves_the_machine() {
        assert_eq!(mode("postgres://me@localhost/db"), SslMode::Disable);
        assert_eq!(mode("postgres://me@127.0.0.1:5433/db"), SslMode::Disable);
        assert_eq!(
            mode("postgres://me@%2Frun%2Fpostgresql/db"),
            SslMode::Disable
        );
        assert_eq!(mode("postgres://me@db.example.org/db"), SslMode::Prefer);
        assert_eq!(
            mode("postgres://me@localhost,db.example.org/db"),
            SslMode::Prefer
        );
        for (value, expected) in [
            ("disable", SslMode::Disable),
            ("allow", SslMode::Prefer),
            ("prefer", SslMode::Prefer),
            ("require", SslMode::Require),
            ("verify-ca", SslMode::Require),
            ("verify-full", SslMode::Require),
        ] {
            let url = format!("postgres://h/db?connect_timeout=3&sslmode={value}&keepalives=1");
            let address = PostgresAddress::parse(&url).unwrap();
            assert_eq!(address.config.get_ssl_mode(), expected, "{value}");
            let seconds = address.config.get_connect_timeout().unwrap().as_secs();
            assert_eq!(seconds, 3);
        }
    }
}
