//! What tools learn that ask the service for its definition.

use landfall_pubsub::reflection;
use tonic::{Code, Status};
use tonic_reflection::pb::{v1, v1alpha};

/// Asks one question by one version of the protocol.
macro_rules! asked {
    ($version:ident, $question:expr) => {{
        use $version::server_reflection_client::ServerReflectionClient;
        let question = $version::ServerReflectionRequest {
            host: String::new(),
            message_request: Some($question),
        };
        let routes = reflection().expect("a definition");
        let answers = ServerReflectionClient::new(routes)
            .server_reflection_info(tokio_stream::once(question))
            .await;
        let mut answers = answers.expect("no login is needed").into_inner();
        let answer = answers.message().await;
        answer.map(|answer| answer.and_then(|answer| answer.message_response))
    }};
}

fn holds(file: &[u8], text: &str) -> bool {
    file.windows(text.len()).any(|part| part == text.as_bytes())
}

/// The one file that is described.
async fn file(ask: v1::server_reflection_request::MessageRequest) -> Vec<u8> {
    use v1::server_reflection_response::MessageResponse as Told;
    let Ok(Some(Told::FileDescriptorResponse(told))) = asked!(v1, ask) else {
        panic!("no file");
    };
    let [file] = told.file_descriptor_proto.as_slice() else {
        panic!("{} files", told.file_descriptor_proto.len());
    };
    file.clone()
}

#[tokio::test]
async fn reflection_lists_services_without_a_login() {
    use v1::server_reflection_request::MessageRequest as Ask;
    use v1::server_reflection_response::MessageResponse as Told;
    let ask = Ask::ListServices(String::new());
    let Ok(Some(Told::ListServicesResponse(list))) = asked!(v1, ask) else {
        panic!("no list");
    };
    let mut names = list.service.iter().map(|service| service.name.as_str());
    assert!(names.any(|name| name == "eventbus.v1.PubSub"), "{list:?}");
    for symbol in ["PubSub", "PubSub.Subscribe", "FetchRequest"] {
        let file = file(Ask::FileContainingSymbol(format!("eventbus.v1.{symbol}"))).await;
        for text in ["pubsub_api.proto", "ManagedSubscribe", "num_requested"] {
            assert!(holds(&file, text), "{text}");
        }
    }
}

#[tokio::test]
async fn the_earlier_reflection_answers_alike() {
    use v1alpha::server_reflection_request::MessageRequest as Ask;
    use v1alpha::server_reflection_response::MessageResponse as Told;
    let name = "pubsub_api.proto".to_owned();
    let Ok(Some(Told::FileDescriptorResponse(told))) =
        asked!(v1alpha, Ask::FileByFilename(name.clone()))
    else {
        panic!("no file");
    };
    let newer = v1::server_reflection_request::MessageRequest::FileByFilename(name);
    assert_eq!(told.file_descriptor_proto, [file(newer).await]);
    let ask = Ask::FileContainingSymbol("eventbus.v1.Nobody".to_owned());
    let refusal: Result<_, Status> = asked!(v1alpha, ask);
    assert_eq!(refusal.expect_err("no such message").code(), Code::NotFound);
}
