//! `landfall serve`: a production node.

use std::time::Instant;

use landfall_server::settings::{self, Edition, LogFormat, Settings};
use landfall_server::{Config, Server};

use crate::cli::{LogOptions, ServeOptions};
use crate::outcome::Ended;
use crate::{log, run};

/// What is logged unless told otherwise.
const FILTER_DEFAULT: &str = "info";

pub(crate) async fn run(options: ServeOptions, log: LogOptions, started: Instant) -> Ended {
    let file = match &options.config {
        Some(path) => Settings::read(path)?,
        None => Settings::default(),
    };
    let settings = said(options, log).or(file);
    let ready_file = settings.ready_file.clone();
    let format = settings.log.format.unwrap_or_default();
    log::start(
        format,
        settings.log.filter.as_deref().unwrap_or(FILTER_DEFAULT),
    )?;
    let running = Server::start(Config::serve(settings)?).await?;
    run::until_stopped(running, format, ready_file.as_deref(), started).await
}

/// What flags and variables say.
fn said(options: ServeOptions, log: LogOptions) -> Settings {
    let limits = limits(&options);
    Settings {
        listen: options.listen,
        data: options.data,
        ephemeral: None,
        ready_file: options.ready_file,
        project: options.project,
        seeds: options.seed,
        as_salesforce: options.as_salesforce,
        tls: settings::Tls {
            certificate_file: options.tls_certificate_file,
            key_file: options.tls_key_file,
            terminated_by_proxy: options.tls_terminated_by_proxy,
        },
        proxies: settings::Proxies {
            trusted: options.proxies_trusted,
        },
        admin: settings::Admin {
            username: options.admin_username,
            password_file: options.admin_password_file,
        },
        connected_app: settings::ConnectedApp {
            client_id: options.connected_app_client_id,
            client_secret_file: options.connected_app_client_secret_file,
            scopes: options.connected_app_scopes,
            redirect_uris: options.connected_app_redirect_uris,
            rotate_refresh_tokens: options.connected_app_rotate_refresh_tokens,
            certificate_file: options.connected_app_certificate_file,
            pre_authorized: options.connected_app_pre_authorized,
        },
        oauth: settings::Oauth {
            auto_approve: None,
            session_timeout_seconds: options.oauth_session_timeout_seconds,
            password_grant: options.oauth_password_grant,
        },
        events: settings::Events {
            retention_hours: options.events_retention_hours,
            stream_retention_hours: options.events_stream_retention_hours,
            capture_all: options.events_capture_all,
            logins: options.events_logins,
            differences: options.events_differences,
            merge: options.events_merge,
            overflow_after: options.events_overflow_after,
        },
        streaming: settings::Streaming {
            strict_cookies: options.streaming_strict_cookies,
            dynamic_channels: options.streaming_dynamic_channels,
        },
        pubsub: settings::Pubsub {
            reflection: options.pubsub_reflection,
            ..settings::Pubsub::default()
        },
        limits,
        metrics: settings::Metrics {
            token_file: options.metrics_token_file,
        },
        log: settings::Log {
            format: log.log_format.map(LogFormat::from),
            filter: log.filter,
        },
    }
}

/// What of it is about `[limits]`.
fn limits(options: &ServeOptions) -> settings::Limits {
    settings::Limits {
        connections: options.limits_connections,
        logins_an_hour: options.limits_logins_an_hour,
        push_topics: options.limits_push_topics,
        streaming_channels: options.limits_streaming_channels,
        allocations: options.limits_allocations.map(Edition::from),
        concurrent_clients: options.limits_concurrent_clients,
        delivered_daily: options.limits_delivered_daily,
        published_hourly: options.limits_published_hourly,
        push_topics_daily: options.limits_push_topics_daily,
        generic_daily: options.limits_generic_daily,
        requests_daily: options.limits_requests_daily,
        event_definitions: options.limits_event_definitions,
        selected_objects: options.limits_selected_objects,
        selected_events: options.limits_selected_events,
        topic_subscribers: options.limits_topic_subscribers,
    }
}
