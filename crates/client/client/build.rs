//! Compiles the client of the Pub/Sub API without a system compiler.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = "../../edge/pubsub/proto";
    let file = "../../edge/pubsub/proto/pubsub_api.proto";
    println!("cargo:rerun-if-changed={file}");
    tonic_prost_build::configure()
        .build_server(false)
        .build_transport(false)
        .bytes(".")
        .compile_fds(protox::compile([file], [folder])?)?;
    Ok(())
}
