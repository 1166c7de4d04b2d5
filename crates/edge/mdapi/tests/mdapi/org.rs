//! An org with the Metadata API, and what a client sends to it.

use std::io::{Cursor, Read, Write};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Request};
use landfall_mdapi::Mdapi;
use landfall_test_org::{Reply, StoppedOrg, TestOrg, send};
use landfall_xml::{Element, Limits, parse};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

const NAMESPACE: &str = "http://soap.sforce.com/2006/04/metadata";

pub(crate) struct Org {
    pub(crate) base: TestOrg,
    pub(crate) router: Router,
    mdapi: Mdapi,
    work: Option<(watch::Sender<bool>, JoinHandle<()>)>,
}

impl Org {
    /// A new org whose deployments are done.
    pub(crate) async fn new() -> Self {
        let mut org = Self::waiting().await;
        org.work();
        org
    }

    /// A new org whose deployments wait until [`Self::work`].
    pub(crate) async fn waiting() -> Self {
        Self::on(TestOrg::new().await).await
    }

    pub(crate) async fn on(org: TestOrg) -> Self {
        let base_url = Arc::new(|_: &http::request::Parts| "http://localhost".to_owned());
        let mdapi = Mdapi::open(org.engine.clone(), org.auth.clone(), base_url);
        let mdapi = mdapi.await.expect("it opens");
        Self {
            router: mdapi.router(),
            mdapi,
            base: org,
            work: None,
        }
    }

    pub(crate) fn work(&mut self) {
        let (stop, stopping) = watch::channel(false);
        self.work = Some((stop, tokio::spawn(self.mdapi.clone().run(stopping))));
    }

    /// Ends the process.
    pub(crate) async fn stopped(self) -> StoppedOrg {
        if let Some((stop, work)) = self.work {
            drop(stop);
            work.await.expect("it ends");
        }
        drop((self.mdapi, self.router));
        self.base.stopped().await
    }

    /// A call of the administrator.
    pub(crate) async fn call(&self, operation: &str, arguments: &str) -> Reply {
        self.call_as(&self.base.token, operation, arguments).await
    }

    pub(crate) async fn call_as(&self, token: &str, operation: &str, arguments: &str) -> Reply {
        self.call_with(token, "", operation, arguments).await
    }

    /// A call with more headers in its envelope.
    pub(crate) async fn call_with(
        &self,
        token: &str,
        headers: &str,
        operation: &str,
        arguments: &str,
    ) -> Reply {
        let body = format!(
            "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns=\"{NAMESPACE}\"><e:Header>\
             <SessionHeader><sessionId>{token}</sessionId></SessionHeader>{headers}</e:Header><e:Body>\
             <{operation}>{arguments}</{operation}></e:Body></e:Envelope>"
        );
        self.post("/services/Soap/m/62.0", "text/xml", body.into())
            .await
    }

    pub(crate) async fn post(&self, path: &str, kind: &str, body: Body) -> Reply {
        self.request(Method::POST, path, kind, body).await
    }

    pub(crate) async fn request(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: Body,
    ) -> Reply {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", kind)
            .header("soapaction", "\"\"")
            .header("authorization", format!("Bearer {}", self.base.token));
        send(&self.router, request.body(body).expect("a request")).await
    }

    /// The `result` of a call that succeeds.
    pub(crate) async fn result(&self, operation: &str, arguments: &str) -> Element {
        let reply = self.call(operation, arguments).await;
        let response = response(&reply);
        assert_eq!(
            response.name,
            format!("{operation}Response"),
            "{response:?}"
        );
        response.child("result").cloned().unwrap_or_default()
    }

    /// Asks for a deployment; gives its id.
    pub(crate) async fn ask(&self, files: &[(&str, &str)], options: &str) -> String {
        self.ask_zip(&zip(files), options).await
    }

    pub(crate) async fn ask_zip(&self, zip: &[u8], options: &str) -> String {
        let zip = STANDARD.encode(zip);
        let arguments = format!("<ZipFile>{zip}</ZipFile><DeployOptions>{options}</DeployOptions>");
        let asked = self.result("deploy", &arguments).await;
        assert_eq!(asked.value("done"), Some("false"));
        text(&asked, "id")
    }

    /// Deploys files, and waits for the end.
    pub(crate) async fn deploy(&self, files: &[(&str, &str)], options: &str) -> Element {
        let options = format!(
            "<rollbackOnError>true</rollbackOnError><singlePackage>true</singlePackage>{options}"
        );
        let id = self.ask(files, &options).await;
        self.done(&id).await
    }

    /// The result of a deployment once it is done.
    pub(crate) async fn done(&self, id: &str) -> Element {
        let arguments =
            format!("<asyncProcessId>{id}</asyncProcessId><includeDetails>true</includeDetails>");
        loop {
            let result = self.result("checkDeployStatus", &arguments).await;
            if result.value("done") == Some("true") {
                return result;
            }
            tokio::task::yield_now().await;
        }
    }
}

/// What is in the body of an answer.
pub(crate) fn response(reply: &Reply) -> Element {
    let text = std::str::from_utf8(&reply.body).expect("text");
    let envelope = parse(text, Limits::REQUEST).expect("XML");
    let body = envelope.child("Body").expect("a body");
    body.children.first().expect("an answer").clone()
}

/// The text of a fault.
pub(crate) fn fault(reply: &Reply) -> String {
    text(&response(reply), "faultstring")
}

pub(crate) fn text(element: &Element, name: &str) -> String {
    element.value(name).unwrap_or_default().to_owned()
}

/// The messages of a result, a line each: whether it succeeded, type, full name, file, the outcome, and its problem.
pub(crate) fn told(result: &Element) -> Vec<String> {
    let details = result.child("details").expect("details");
    let messages = details.children.iter();
    let messages = messages.filter(|child| child.name.starts_with("component"));
    let mut lines: Vec<String> = messages
        .map(|message| {
            let became = ["created", "changed", "deleted"]
                .into_iter()
                .find(|name| message.value(name) == Some("true"));
            let line = [
                message.name.trim_start_matches("component"),
                message.value("componentType").unwrap_or_default(),
                message.value("fullName").unwrap_or_default(),
                message.value("fileName").unwrap_or_default(),
                became.unwrap_or("-"),
                message.value("lineNumber").unwrap_or_default(),
                message.value("problemType").unwrap_or_default(),
                message.value("problem").unwrap_or_default(),
            ];
            line.join("|")
        })
        .collect();
    lines.sort();
    lines
}

pub(crate) fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in files {
        let options = SimpleFileOptions::default();
        writer.start_file(*path, options).expect("a file");
        writer.write_all(content.as_bytes()).expect("written");
    }
    writer.finish().expect("a zip file").into_inner()
}

/// The files of a zip file in base64.
pub(crate) fn unzipped(base64: &str) -> Vec<(String, String)> {
    let bytes = STANDARD.decode(base64).expect("base64");
    let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("a zip file");
    (0..archive.len())
        .map(|index| {
            let mut file = archive.by_index(index).expect("a file");
            let mut content = String::new();
            file.read_to_string(&mut content).expect("text");
            (file.name().expect("a name").into_owned(), content)
        })
        .collect()
}

/// A manifest of these types and members.
pub(crate) fn manifest(types: &[(&str, &[&str])]) -> String {
    let types = types.iter().map(|(name, members)| listed(name, members));
    let types: Vec<String> = types.collect();
    format!(
        "<Package xmlns=\"{NAMESPACE}\">{}<version>62.0</version></Package>",
        types.concat()
    )
}

/// One type with members.
pub(crate) fn listed(name: &str, members: &[&str]) -> String {
    let members = members.join("</members><members>");
    format!("<types><members>{members}</members><name>{name}</name></types>")
        .replace("<members></members>", "")
}

pub(crate) fn file(root: &str, content: &str) -> String {
    format!("<{root} xmlns=\"{NAMESPACE}\">{content}</{root}>")
}

/// The file of a custom object with these fields.
pub(crate) fn trip(fields: &str) -> String {
    file(
        "CustomObject",
        &format!(
            "<deploymentStatus>Deployed</deploymentStatus>\n{fields}<label>Trip</label><nameField><label>Name</label>\
             <type>Text</type></nameField><pluralLabel>Trips</pluralLabel><sharingModel>ReadWrite</sharingModel>"
        ),
    )
}

pub(crate) fn days(label: &str) -> String {
    format!(
        "<fields><fullName>Days__c</fullName><label>{label}</label><precision>4</precision><scale>0</scale>\
         <type>Number</type></fields>\n"
    )
}
