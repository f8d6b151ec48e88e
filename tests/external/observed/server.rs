//! A real Prometheus over a folder of blocks, asked over HTTP.

use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// A server that ends with its test.
pub struct Prometheus {
    child: Child,
    port: u16,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    /// Starts one over `data` in a folder and waits until it is ready.
    pub fn over(folder: &Path) -> Self {
        std::fs::write(folder.join("prometheus.yml"), "{}\n").unwrap();
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let child = Command::new("prometheus")
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"])
            .args(["--storage.tsdb.retention.time=100y", "--log.level=error"])
            .arg(format!("--web.listen-address={}:{port}", Ipv4Addr::LOCALHOST))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("prometheus: {error}. Install it: `apt-get install prometheus`")
            });
        let server = Self { child, port };
        for _ in 0..600 {
            if server.get("/-/ready").is_some_and(|answer| answer.starts_with("HTTP/1.0 200")) {
                return server;
            }
            sleep(Duration::from_millis(100));
        }
        panic!("prometheus does not become ready");
    }

    /// The whole answer to a GET, with its head.
    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// The one value of an instant query, at so many seconds since 1970.
    pub fn ask(&self, query: &str, at: u64) -> f64 {
        let coded: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = self.get(&format!("/api/v1/query?query={coded}&time={at}")).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        let result = body["data"]["result"].as_array().unwrap_or_else(|| panic!("{query}: {body}"));
        assert_eq!(result.len(), 1, "{query}: {body}");
        result[0]["value"][1].as_str().unwrap().parse().unwrap()
    }
}
