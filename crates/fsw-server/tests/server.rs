//! The server under the things that happen to it: certificates that change, shutdowns, clients that dawdle or crowd.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use fsw_cluster::Identity;
use fsw_server::{Bound, Certificate, ConnectionLimits, Health, Shutdown, State, Trigger, admin_service};
use fsw_testkit::https::{Client, connect_tls};
use http::{Request, Response};
use http_body_util::Full;
use prometheus_client::registry::Registry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance};

fn made() -> Identity {
    Identity::new(&["localhost".to_owned()], Duration::from_secs(3600), SystemTime::now()).unwrap()
}

fn limits() -> ConnectionLimits {
    let long = Duration::from_secs(60);
    ConnectionLimits {
        connections: 1024,
        header_timeout: long,
        idle_timeout: long,
        max_age: Duration::ZERO,
        drain_delay: Duration::ZERO,
        drain_timeout: long,
    }
}

/// A server whose requests wait for a permit of `gate` after telling `arrived`.
struct Served {
    address: SocketAddr,
    authority: String,
    trigger: Trigger,
    arrived: Arc<Notify>,
    gate: Arc<Semaphore>,
    done: JoinHandle<()>,
}

async fn serve(limits: ConnectionLimits) -> Served {
    let made = made();
    let certificate = Arc::new(Certificate::from_pem(&made.certificate, &made.key).unwrap());
    let bound = Bound::plain(([127, 0, 0, 1], 0).into()).unwrap().with_tls(&certificate).unwrap();
    let address = bound.local_addr().unwrap();
    let (trigger, shutdown) = Shutdown::new();
    let (arrived, gate) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
    let (in_service, opened) = (Arc::clone(&arrived), Arc::clone(&gate));
    let service = move |_: Request<_>| {
        let (arrived, gate) = (Arc::clone(&in_service), Arc::clone(&opened));
        async move {
            arrived.notify_one();
            gate.acquire().await.unwrap().forget();
            Response::new(Full::new(Bytes::from_static(b"done")))
        }
    };
    let done = tokio::spawn(bound.serve(service, limits, shutdown));
    Served { address, authority: made.authority, trigger, arrived, gate, done }
}

#[tokio::test]
async fn a_request_in_flight_is_answered_during_the_drain_and_new_connections_are_refused() {
    for http2 in [false, true] {
        let served = serve(limits()).await;
        let mut client = match http2 {
            true => Client::http2(served.address, &served.authority).await.unwrap(),
            false => Client::http1(served.address, &served.authority).await.unwrap(),
        };
        let in_flight = tokio::spawn(async move { client.post("/", "").await });
        served.arrived.notified().await;
        served.trigger.pull();
        // Refused once the listener is closed; until then a connection may still get into its queue.
        while TcpStream::connect(served.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        assert!(!served.done.is_finished());
        served.gate.add_permits(1);
        assert_eq!(in_flight.await.unwrap().unwrap().into_body(), "done");
        served.done.await.unwrap();
    }
}

#[tokio::test]
async fn a_client_that_is_connected_is_asked_to_go_while_new_ones_are_still_served() {
    let served = serve(ConnectionLimits { drain_delay: Duration::from_secs(3600), ..limits() }).await;
    served.gate.add_permits(2);
    let mut client = Client::http2(served.address, &served.authority).await.unwrap();
    assert_eq!(client.post("/", "").await.unwrap().into_body(), "done");
    served.trigger.pull();
    client.closed().await;
    let mut late = Client::http2(served.address, &served.authority).await.unwrap();
    assert_eq!(late.post("/", "").await.unwrap().into_body(), "done");
    late.closed().await;
    assert!(!served.done.is_finished());
}

#[tokio::test]
async fn an_old_connection_is_given_up_and_one_of_http1_only_together_with_an_answer() {
    let served = serve(ConnectionLimits { max_age: Duration::from_millis(10), ..limits() }).await;
    served.gate.add_permits(1);
    let mut http1 = Client::http1(served.address, &served.authority).await.unwrap();
    let http2 = Client::http2(served.address, &served.authority).await.unwrap();
    http2.closed().await;
    let http2 = Client::http2(served.address, &served.authority).await.unwrap();
    http2.closed().await;
    let response = http1.post("/", "").await.unwrap();
    assert_eq!(response.headers()["connection"], "close");
    http1.closed().await;
}

#[tokio::test]
async fn an_idle_http1_connection_is_not_closed_during_the_drain_and_its_next_answer_ends_it() {
    let served = serve(ConnectionLimits { drain_delay: Duration::from_secs(3600), ..limits() }).await;
    served.gate.add_permits(3);
    let mut idle = Client::http1(served.address, &served.authority).await.unwrap();
    let before = idle.post("/", "").await.unwrap();
    assert!(!before.headers().contains_key("connection"));
    let other = Client::http2(served.address, &served.authority).await.unwrap();
    served.trigger.pull();
    // By then this one would have been closed, too.
    other.closed().await;
    let after = idle.post("/", "").await.unwrap();
    assert_eq!((after.headers()["connection"].as_bytes(), &after.body()[..]), (&b"close"[..], &b"done"[..]));
    idle.closed().await;
}

#[tokio::test(start_paused = true)]
async fn the_delay_of_a_drain_counts_from_the_shutdown() {
    let (trigger, shutdown) = Shutdown::new();
    assert!(!shutdown.is_asked());
    trigger.pull();
    let begin = Instant::now();
    advance(Duration::from_secs(4)).await;
    trigger.pull();
    shutdown.asked_since(Duration::from_secs(5)).await;
    assert_eq!(begin.elapsed(), Duration::from_secs(5));
    shutdown.asked_since(Duration::from_secs(3)).await;
    assert_eq!(begin.elapsed(), Duration::from_secs(5));
}

#[tokio::test]
async fn a_connection_that_is_opened_late_and_unused_does_not_outlast_the_drain() {
    let served = serve(ConnectionLimits { drain_delay: Duration::from_millis(200), ..limits() }).await;
    served.trigger.pull();
    let late = Client::http1(served.address, &served.authority).await.unwrap();
    late.closed().await;
    served.done.await.unwrap();
}

#[tokio::test]
async fn a_connection_may_be_idle_for_longer_than_a_head_may_take() {
    let served = serve(ConnectionLimits { header_timeout: Duration::from_millis(50), ..limits() }).await;
    served.gate.add_permits(2);
    let mut idle = Client::http1(served.address, &served.authority).await.unwrap();
    idle.post("/", "").await.unwrap();
    let mut slow = connect_tls(served.address, &served.authority, b"http/1.1").await.unwrap();
    slow.write_all(b"POST / HTTP/1.1\r\n").await.unwrap();
    let _ = slow.read_to_end(&mut Vec::new()).await;
    assert_eq!(idle.post("/", "").await.unwrap().into_body(), "done");
}

#[tokio::test]
async fn a_drain_ends_when_its_time_is_over() {
    let served = serve(ConnectionLimits { drain_timeout: Duration::from_millis(1), ..limits() }).await;
    let mut client = Client::http1(served.address, &served.authority).await.unwrap();
    let in_flight = tokio::spawn(async move { client.post("/", "").await });
    served.arrived.notified().await;
    served.trigger.pull();
    served.done.await.unwrap();
    in_flight.abort();
}

#[tokio::test]
async fn a_client_that_does_not_finish_its_head_or_handshake_is_cut_off() {
    let served = serve(ConnectionLimits { header_timeout: Duration::from_millis(50), ..limits() }).await;
    let mut silent = TcpStream::connect(served.address).await.unwrap();
    let mut rest = Vec::new();
    silent.read_to_end(&mut rest).await.unwrap();
    let mut slow = connect_tls(served.address, &served.authority, b"http/1.1").await.unwrap();
    slow.write_all(b"POST /mutate--v1-pod HTTP/1.1\r\nHost: x\r\n").await.unwrap();
    // Ends, with an answer of 408 or without one, instead of waiting for ever.
    let _ = slow.read_to_end(&mut rest).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_connections_are_served_at_a_time() {
    let served = serve(limits()).await;
    let mut clients = Vec::new();
    for n in 0..500 {
        let client = match n % 2 {
            0 => Client::http1(served.address, &served.authority).await,
            _ => Client::http2(served.address, &served.authority).await,
        };
        clients.push(client.unwrap());
    }
    let answers: Vec<_> = clients
        .into_iter()
        .map(|mut client| tokio::spawn(async move { client.post("/", "x").await.unwrap().into_body() }))
        .collect();
    served.gate.add_permits(500);
    for answer in answers {
        assert_eq!(answer.await.unwrap(), "done");
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let served = serve(ConnectionLimits { connections: 1, ..limits() }).await;
    let first = Client::http1(served.address, &served.authority).await.unwrap();
    let (address, authority) = (served.address, served.authority.clone());
    let second = tokio::spawn(async move { Client::http1(address, &authority).await.unwrap() });
    drop(first);
    let mut second = second.await.unwrap();
    served.gate.add_permits(1);
    assert_eq!(second.post("/", "").await.unwrap().status(), 200);
}

/// A folder as the kubelet keeps it: files are links into `..data`, which is a link to the current version.
fn write_as_kubelet(folder: &Path, version: &str, made: &Identity) {
    let data = folder.join(version);
    fs::create_dir(&data).unwrap();
    fs::write(data.join("tls.crt"), &made.certificate).unwrap();
    fs::write(data.join("tls.key"), &made.key).unwrap();
    symlink(version, folder.join("..new")).unwrap();
    fs::rename(folder.join("..new"), folder.join("..data")).unwrap();
    for file in ["tls.crt", "tls.key"] {
        if !folder.join(file).exists() {
            symlink(Path::new("..data").join(file), folder.join(file)).unwrap();
        }
    }
}

#[tokio::test]
async fn a_new_certificate_is_served_after_the_kubelet_swapped_it_in() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second, third) = (made(), made(), made());
    write_as_kubelet(folder.path(), "..1", &first);
    let certificate = Arc::new(Certificate::load(folder.path()).unwrap());
    let bound = Bound::plain(([127, 0, 0, 1], 0).into()).unwrap().with_tls(&certificate).unwrap();
    let address = bound.local_addr().unwrap();
    let (_trigger, shutdown) = Shutdown::new();
    let ok = |_: Request<_>| std::future::ready(Response::new(Full::new(Bytes::from_static(b"ok"))));
    tokio::spawn(bound.serve(ok, limits(), shutdown));

    let mut open = Client::http1(address, &first.authority).await.unwrap();
    assert!(!certificate.reload().unwrap());
    for (version, made) in [("..2", &second), ("..3", &third)] {
        write_as_kubelet(folder.path(), version, made);
        assert!(certificate.reload().unwrap());
        assert!(Client::http1(address, &first.authority).await.is_err());
        assert_eq!(Client::http2(address, &made.authority).await.unwrap().post("/", "").await.unwrap().status(), 200);
        // A connection that is open goes on under the certificate it began with.
        assert_eq!(open.post("/", "").await.unwrap().status(), 200);
    }

    // A broken update leaves the certificate as it was.
    fs::write(folder.path().join("..3/tls.key"), &first.key).unwrap();
    assert_eq!(certificate.reload().unwrap_err().to_string(), "the certificate and its key cannot be used together");
    fs::write(folder.path().join("..3/tls.key"), "garbage").unwrap();
    assert!(certificate.reload().unwrap_err().to_string().ends_with("is not PEM"));
    assert!(Client::http1(address, &third.authority).await.is_ok());
}

#[test]
fn a_missing_certificate_names_its_file_and_the_setting() {
    let error = Certificate::load(Path::new("/nowhere")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read /nowhere/tls.crt; the setting webhook.certDir names the folder that holds tls.crt and tls.key"
    );
}

#[test]
fn a_key_is_never_in_debug_output() {
    let made = made();
    let certificate = Certificate::from_pem(&made.certificate, &made.key).unwrap();
    let debug = format!("{certificate:?}");
    let key_line = made.key.lines().nth(1).unwrap();
    assert!(!debug.contains(key_line) && !debug.contains("BEGIN"), "{debug}");
}

#[tokio::test]
async fn the_admin_port_tells_the_state() {
    let health = Health::default();
    let service = admin_service(health.clone(), Arc::new(Registry::default()));
    let status = async |path: &str| service(Request::get(path).body(()).unwrap()).await.status().as_u16();
    assert_eq!((status("/livez").await, status("/readyz").await), (200, 503));
    health.set(State::Ready);
    assert_eq!((status("/livez").await, status("/readyz").await), (200, 200));
    health.set(State::Draining);
    assert_eq!((status("/livez").await, status("/readyz").await), (200, 503));
    assert_eq!((status("/metrics").await, status("/").await), (200, 404));
}
