//! Compiles the client of the Pub/Sub API without a system compiler, and a server that its tests play.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = "../../edge/pubsub/proto";
    let file = "../../edge/pubsub/proto/pubsub_api.proto";
    println!("cargo:rerun-if-changed={file}");
    tonic_prost_build::configure()
        .build_server(true)
        .server_mod_attribute("eventbus.v1", "#[cfg(test)]")
        .build_transport(false)
        .bytes(".")
        .compile_fds(protox::compile([file], [folder])?)?;
    Ok(())
}
