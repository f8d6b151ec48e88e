//! A browser without a window, driven by WebDriver (W3C Recommendation) over plain HTTP.

use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A session, which ends with this.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let _ =
                exchange(self.port, "DELETE", &format!("/session/{}", self.session), &Value::Null);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Sends a request and reads its answer's value.
fn exchange(port: u16, method: &str, path: &str, body: &Value) -> Result<Value, String> {
    let told = |error: std::io::Error| format!("{method} {path}: {error}");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(told)?;
    stream.set_read_timeout(Some(Duration::from_secs(120))).map_err(told)?;
    let host = Ipv4Addr::LOCALHOST;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .map_err(told)?;
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).map_err(told)?;
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(|_| format!("{method} {path}: {line}"))?;
        }
        if line.is_empty() {
            break;
        }
    }
    let mut answer = vec![0; length];
    reader.read_exact(&mut answer).map_err(told)?;
    let mut answer: Value =
        serde_json::from_slice(&answer).map_err(|error| format!("{method} {path}: {error}"))?;
    let value = answer["value"].take();
    match value.get("error") {
        Some(error) => Err(format!("{method} {path}: {error}: {}", value["message"])),
        None => Ok(value),
    }
}

impl Browser {
    /// Starts a driver and a browser.
    pub fn start() -> Result<Self, String> {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("`chromedriver` cannot be started: {error}"))?;
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines.by_ref().find_map(|line| {
            let line = line.ok()?;
            line.strip_suffix('.')?.rsplit_once(" on port ")?.1.parse().ok()
        });
        // Whatever else it says must have somewhere to go.
        std::thread::spawn(move || lines.for_each(drop));
        let mut browser = Self { driver, port: 0, session: String::new() };
        browser.port = port.ok_or("`chromedriver` names no port")?;
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
            ]},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }}});
        let session = exchange(browser.port, "POST", "/session", &wanted)?;
        browser.session = session["sessionId"].as_str().ok_or("there is no session")?.to_owned();
        Ok(browser)
    }

    pub fn post(&self, path: &str, body: &Value) -> Value {
        let path = format!("/session/{}/{path}", self.session);
        exchange(self.port, "POST", &path, body).unwrap_or_else(|told| panic!("{told}"))
    }

    /// A command of the browser's own protocol.
    pub fn command(&self, name: &str, params: &Value) -> Value {
        self.post("goog/cdp/execute", &json!({"cmd": name, "params": params}))
    }

    /// Makes the page so wide and high, on a screen of that kind.
    pub fn resize(&self, width: u32, height: u32, scheme: &str) {
        let phone = width < 600;
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone});
        self.command("Emulation.setDeviceMetricsOverride", &size);
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.command("Emulation.setEmulatedMedia", &json!({"features": features}));
    }

    pub fn open(&self, file: &Path) {
        self.post("url", &json!({"url": format!("file://{}", file.display())}));
    }

    /// What a script returns.
    pub fn script(&self, script: &str) -> Value {
        self.post("execute/sync", &json!({"script": script, "args": []}))
    }

    /// Moves the mouse to a place of the window.
    pub fn hover(&self, x: i64, y: i64) {
        let to =
            json!({"type": "pointerMove", "duration": 0, "x": x, "y": y, "origin": "viewport"});
        let mouse = json!({"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"},
                           "actions": [to]});
        self.post("actions", &json!({"actions": [mouse]}));
    }

    /// Presses a key.
    pub fn press(&self, key: &str) {
        let actions = json!([{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]);
        self.post(
            "actions",
            &json!({"actions": [{"type": "key", "id": "keys", "actions": actions}]}),
        );
    }

    /// What the console was told.
    pub fn console(&self) -> Vec<String> {
        let log = self.post("se/log", &json!({"type": "browser"}));
        log.as_array().unwrap().iter().map(|entry| entry["message"].to_string()).collect()
    }

    /// The addresses of everything that was asked for.
    pub fn requests(&self) -> Vec<String> {
        let log = self.post("se/log", &json!({"type": "performance"}));
        let each = log.as_array().unwrap().iter().filter_map(|entry| {
            let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let message = &message["message"];
            let sent = message["method"] == "Network.requestWillBeSent";
            sent.then(|| message["params"]["request"]["url"].as_str().unwrap().to_owned())
        });
        each.collect()
    }

    /// Writes pictures of the whole page, in pieces that can be looked at, if they are asked for.
    pub fn picture(&self, name: &str) {
        const PIECE: u64 = 1_600;
        let Some(folder) = std::env::var_os("SQUALL_SHOTS") else { return };
        let size = "const d = document.documentElement; return [d.clientWidth, d.scrollHeight];";
        let size = self.script(size);
        let (width, height) = (size[0].as_u64().unwrap(), size[1].as_u64().unwrap());
        for piece in 0..height.div_ceil(PIECE) {
            let top = piece * PIECE;
            let clip = json!({"x": 0, "y": top, "width": width, "height": PIECE.min(height - top),
                              "scale": 1});
            let shot = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
            let shot = self.command("Page.captureScreenshot", &shot);
            let bytes = decoded(shot["data"].as_str().unwrap());
            fs::write(Path::new(&folder).join(format!("{name}-{piece}.png")), bytes).unwrap();
        }
    }
}

/// Base64 (RFC 4648) as bytes.
fn decoded(text: &str) -> Vec<u8> {
    let place = |c: u8| match c {
        b'A'..=b'Z' => Some(c - b'A'),
        b'a'..=b'z' => Some(c - b'a' + 26),
        b'0'..=b'9' => Some(c - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let (mut bits, mut held, mut out) = (0_u32, 0, Vec::new());
    for six in text.bytes().filter_map(place) {
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held & 0xff).try_into().unwrap());
        }
    }
    out
}
