// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <deque>
#include <optional>
#include <thread>
#include <unordered_set>
#include <utility>  // before Asio 1.74, which forgets it

#include "gateway/http/routes.h"
#include "gateway/http/server_metrics.h"

namespace tributary::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using asio::ip::tcp;
using Error = beast::error_code;
using Frame = std::shared_ptr<const std::string>;

constexpr std::chrono::milliseconds accept_pause{100};  // when there are no descriptors left

class Connection;
using Connections = std::unordered_set<std::shared_ptr<Connection>>;

// What connections share. Touched by the server's thread alone, but for the numbers.
struct Shared {
  Server::Options options;
  Backend& backend;
  Routes routes;
  asio::io_context io{1};
  Connections connections{}, watching{};
  Server::Stats stats{};
  std::uint64_t published = 0;  // frames

  void watch(const std::shared_ptr<Connection>& c) {
    watching.insert(c);
    stats.streams = watching.size();
    if (watching.size() == 1) backend.watch(true);
  }
  void forget(const std::shared_ptr<Connection>& c) {
    if (watching.erase(c) != 0 && watching.empty()) backend.watch(false);
    connections.erase(c);
    stats.streams = watching.size();
    stats.connections = connections.size();
  }
};

void secure(bhttp::fields& fields) {
  fields.set("Content-Security-Policy",
             "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
             "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  fields.set("X-Content-Type-Options", "nosniff");
  fields.set("X-Frame-Options", "DENY");
  fields.set("Referrer-Policy", "no-referrer");
  fields.set("Cross-Origin-Resource-Policy", "same-origin");
  fields.set("Cross-Origin-Opener-Policy", "same-origin");
}

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, Shared& shared)
      : stream_(std::move(socket)), shared_(shared), timer_(shared.io) {}

  void read() {
    waiting_since_ = std::chrono::steady_clock::now();
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(shared_.options.header_bytes_max));
    parser_->body_limit(shared_.options.body_bytes_max);
    stream_.expires_after(shared_.options.request_timeout);
    bhttp::async_read(stream_, buffer_, *parser_,
                      beast::bind_front_handler(&Connection::on_read, shared_from_this()));
  }
  // Since when it waits for its client; nullopt: it is busy.
  std::optional<std::chrono::steady_clock::time_point> waiting_since() const {
    return waiting_since_;
  }
  void push(const Frame& frame) {
    if (!still_let_in()) return close();
    if (queued_bytes_ + frame->size() > shared_.options.stream_bytes_max) {
      ++shared_.stats.slow_streams;
      return close();
    }
    queued_bytes_ += frame->size();
    queue_.push_back(frame);
    quiet_ = false;
    if (queue_.size() == 1 && header_sent_) write_piece();
  }
  // A comment, for proxies and for finding out who has gone.
  void heartbeat() {
    if (std::exchange(quiet_, true) && queue_.empty())
      push(std::make_shared<const std::string>(": heartbeat\n\n"));
  }
  void close() {
    Error ignored;
    timer_.cancel();
    stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
    stream_.close();
    shared_.forget(shared_from_this());
  }

 private:
  bool still_let_in() const { return token_number_ == shared_.routes.token_number(); }

  void on_read(Error error, std::size_t) {
    waiting_since_.reset();
    if (!error) return handle();
    keep_alive_ = false;
    const bool big_header =
        error == bhttp::error::header_limit || error == bhttp::error::buffer_overflow;
    if (big_header) return send(problem(431, "header too large", "16 KiB at most"));
    if (error == bhttp::error::body_limit)
      return send(problem(413, "content too large", "256 KiB at most: in several requests"));
    if (error == beast::error::timeout) ++shared_.stats.timeouts;
    const bool theirs =
        error.category() == bhttp::make_error_code(bhttp::error::bad_method).category();
    if (theirs && error != bhttp::error::end_of_stream && error != bhttp::error::partial_message)
      return send(problem(400, "bad request", "that is not HTTP: " + error.message()));
    close();
  }

  void handle() {
    auto message = parser_->release();
    version_ = message.version();
    keep_alive_ = message.keep_alive();
    head_ = message.method() == bhttp::verb::head;
    Request request{std::string(message.method_string()), std::string(message.target()), {}};
    for (const auto& field : message) {
      std::string name(field.name_string());
      for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      request.headers.emplace_back(std::move(name), std::string(field.value()));
    }
    request.body = std::move(message.body());
    token_number_ = shared_.routes.token_number();  // before it is looked at
    plan_ = shared_.routes.plan(request);
    switch (plan_.kind) {
      case Plan::Kind::respond:
        return send(std::move(plan_.response));
      case Plan::Kind::ask:
        return ask();
      case Plan::Kind::stream:
        return begin_stream();
      case Plan::Kind::export_lines:
        exporter_ = make_exporter(plan_.format);
        return head_ ? send({.status = 200, .content_type = content_type(plan_.format), .body = ""})
                     : ask();
    }
  }

  // --- one question, one response

  void ask() {
    const std::uint64_t number = ++asked_;
    timer_.expires_after(shared_.options.answer_timeout);
    timer_.async_wait([weak = weak_from_this(), number](Error error) {
      const auto self = weak.lock();
      if (error || !self || self->asked_ != number) return;
      ++self->asked_;  // what comes later is for nobody
      self->unavailable("the gateway did not answer in time");
    });
    const bool taken =
        shared_.backend.ask(plan_.command, plan_.arguments,
                            [weak = weak_from_this(), &io = shared_.io, number](Answer answer) {
                              asio::post(io, [weak, number, a = std::move(answer)]() mutable {
                                const auto self = weak.lock();
                                if (self && self->asked_ == number) self->answered(std::move(a));
                              });
                            });
    if (taken) return;
    ++asked_;
    timer_.cancel();
    unavailable("too many questions at once");
  }

  void unavailable(const char* why) {
    if (header_sent_) return close();  // in the middle of an export: cut, so that it shows
    Response r = problem(503, "not now", why);
    r.headers.emplace_back("Retry-After", "1");
    send(std::move(r));
  }

  void answered(Answer&& answer) {
    ++asked_;
    timer_.cancel();
    if (plan_.kind == Plan::Kind::export_lines) return export_page(answer);
    if (plan_.route->kind == Route::Kind::metrics) answer.body += metrics_text(shared_.stats);
    send(finished(plan_, std::move(answer)));
  }

  void send(Response&& r) {
    const unsigned hundreds = r.status / 100;
    ++shared_.stats.responses[hundreds < 6 ? hundreds : 5];
    const auto m = std::make_shared<bhttp::response<bhttp::string_body>>();
    m->version(version_);
    m->result(r.status);
    m->keep_alive(keep_alive_);
    secure(*m);
    if (!r.content_type.empty() && r.status != 304) m->set("Content-Type", r.content_type);
    for (const auto& [name, value] : r.headers) m->set(name, value);
    const std::size_t size = r.body.size();
    if (!head_) m->body() = std::move(r.body);
    if (r.status != 304) m->content_length(size);
    shared_.stats.bytes_out += head_ ? 0 : size;
    stream_.expires_after(shared_.options.write_timeout);
    bhttp::async_write(stream_, *m, [self = shared_from_this(), m](Error error, std::size_t) {
      if (error || !self->keep_alive_) return self->close();
      self->read();
    });
  }

  // --- many pieces: the stream of events, exports

  void begin_stream() {
    if (head_) return send({.status = 200, .content_type = "text/event-stream", .body = ""});
    if (shared_.watching.size() >= shared_.options.streams_max)
      return unavailable("too many watch already: see http.streams_max");
    shared_.watch(shared_from_this());
    // Whoever comes (back) reads all lists again: what it missed is not kept for it.
    push(std::make_shared<const std::string>(
        "retry: 1000\nevent: hello\ndata: {\"resync\":true}\n\n"));
    stream_.expires_never();
    stream_.async_read_some(asio::buffer(rest_),
                            beast::bind_front_handler(&Connection::on_rest, shared_from_this()));
    write_header("text/event-stream");
  }

  // Nothing more is expected of who watches, but an end.
  void on_rest(Error error, std::size_t) {
    if (error) return close();
    stream_.async_read_some(asio::buffer(rest_),
                            beast::bind_front_handler(&Connection::on_rest, shared_from_this()));
  }

  void export_page(const Answer& answer) {
    if (!still_let_in()) return close();  // cut, so that it shows
    Lines lines = lines_of(plan_, answer, *exporter_);
    if (lines.failed) {
      if (header_sent_) return close();
      return send(finished(plan_, Answer(answer)));
    }
    plan_.arguments = std::move(lines.next);
    last_page_ = plan_.arguments.empty();
    if (!lines.text.empty()) {
      queued_bytes_ += lines.text.size();
      queue_.push_back(std::make_shared<const std::string>(std::move(lines.text)));
    }
    if (!header_sent_) return write_header(content_type(plan_.format));
    queue_.empty() ? drained() : write_piece();
  }

  void write_header(const char* content_type) {
    ++shared_.stats.responses[2];
    using Head = bhttp::response<bhttp::empty_body>;
    struct Writing {
      Head head;
      bhttp::response_serializer<bhttp::empty_body> serializer{head};
    };
    const auto w = std::make_shared<Writing>();
    w->head.version(version_);
    secure(w->head);
    w->head.set("Content-Type", content_type);
    w->head.set("Cache-Control", "no-store");
    w->head.set("X-Accel-Buffering", "no");
    keep_alive_ = keep_alive_ && version_ == 11;
    w->head.keep_alive(keep_alive_);
    w->head.chunked(version_ == 11);  // an older client reads until the end
    stream_.expires_after(shared_.options.write_timeout);
    bhttp::async_write_header(stream_, w->serializer,
                              [self = shared_from_this(), w](Error error, std::size_t) {
                                if (error) return self->close();
                                self->header_sent_ = true;
                                self->queue_.empty() ? self->drained() : self->write_piece();
                              });
  }

  void write_piece() {
    const Frame frame = queue_.front();
    shared_.stats.bytes_out += frame->size();
    stream_.expires_after(shared_.options.write_timeout);
    const auto written = [self = shared_from_this(), frame](Error error, std::size_t) {
      if (error == beast::error::timeout) ++self->shared_.stats.slow_streams;
      if (error || self->queue_.empty()) return self->close();
      self->queue_.pop_front();
      self->queued_bytes_ -= frame->size();
      self->queue_.empty() ? self->drained() : self->write_piece();
    };
    if (version_ == 11) {
      asio::async_write(stream_, bhttp::make_chunk(asio::buffer(*frame)), written);
    } else {
      asio::async_write(stream_, asio::buffer(*frame), written);
    }
  }

  void drained() {
    if (plan_.kind != Plan::Kind::export_lines) return stream_.expires_never();
    if (!last_page_) return ask();
    header_sent_ = false;
    if (version_ != 11) return close();
    asio::async_write(stream_, bhttp::make_chunk_last(),
                      [self = shared_from_this()](Error error, std::size_t) {
                        if (error || !self->keep_alive_) return self->close();
                        self->read();
                      });
  }

  beast::tcp_stream stream_;
  Shared& shared_;
  asio::steady_timer timer_;
  beast::flat_buffer buffer_{64 * 1024};
  std::optional<bhttp::request_parser<bhttp::string_body>> parser_;
  std::optional<std::chrono::steady_clock::time_point> waiting_since_;
  Plan plan_;
  std::unique_ptr<Exporter> exporter_;  // of an export under way
  unsigned version_ = 11;
  bool keep_alive_ = false, head_ = false;
  std::uint64_t asked_ = 0;  // odd ones out: a late answer finds another number

  std::deque<Frame> queue_;  // being written: the first
  std::size_t queued_bytes_ = 0;
  std::uint64_t token_number_ = 0;  // when it was let in
  bool header_sent_ = false, last_page_ = false, quiet_ = false;
  std::array<char, 256> rest_{};
};

}  // namespace

struct Server::Impl {
  Impl(const Options& o, Backend& backend, Log l)
      : shared{.options = o,
               .backend = backend,
               .routes = Routes({.address = o.address, .token = o.token, .hosts = o.hosts})},
        log(std::move(l)) {
    asio::post(shared.io, [this] { listen(); });
    beat();
    thread = std::thread([this] { shared.io.run(); });
  }
  ~Impl() { stop(); }

  void stop() {
    if (!thread.joinable()) return;
    asio::post(shared.io, [this] {
      Error ignored;
      acceptor.close(ignored);
      pause.cancel();
      beats.cancel();
      for (const auto& c : Connections(shared.connections)) c->close();
      shared.io.stop();
    });
    thread.join();
    shared.stats.connections = 0;
  }

  void listen() {
    const Options& o = shared.options;
    Error error;
    const auto address = asio::ip::make_address(o.address, error);
    const tcp::endpoint at(address, o.port);
    if (!error) acceptor.open(at.protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(at, error);
    if (!error) acceptor.listen(64, error);
    if (!error) {
      port = acceptor.local_endpoint(error).port();
      const bool six = address.is_v6();
      log(Level::info, "http://" + std::string(six ? "[" : "") + o.address + (six ? "]:" : ":") +
                           std::to_string(port) + "/");
      return accept();
    }
    if (error != last_error) {
      log(Level::warning, o.address + ":" + std::to_string(o.port) + ": " + error.message() +
                              ": no dashboard, API or metrics until that works; http.listen "
                              "chooses another place");
    }
    last_error = error;
    Error ignored;
    acceptor.close(ignored);
    pause.expires_after(o.retry);
    pause.async_wait([this](Error cancelled) {
      if (!cancelled) listen();
    });
  }

  void accept() {
    acceptor.async_accept([this](Error error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) {
        pause.expires_after(accept_pause);
        pause.async_wait([this](Error cancelled) {
          if (!cancelled) accept();
        });
        return;
      }
      admit(std::move(socket));
      accept();
    });
  }

  void admit(tcp::socket socket) {
    ++shared.stats.accepted;
    if (shared.connections.size() >= shared.options.connections_max && !make_room()) {
      ++shared.stats.evicted;
      return;  // all are busy: this one is closed by going away
    }
    Error ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    const auto c = std::make_shared<Connection>(std::move(socket), shared);
    shared.connections.insert(c);
    shared.stats.connections = shared.connections.size();
    c->read();
  }

  // Who has kept us waiting longest gives way: idlers cannot keep others out.
  bool make_room() {
    std::shared_ptr<Connection> oldest;
    for (const auto& c : shared.connections) {
      if (!c->waiting_since()) continue;
      if (!oldest || *c->waiting_since() < *oldest->waiting_since()) oldest = c;
    }
    if (!oldest) return false;
    ++shared.stats.evicted;
    oldest->close();
    return true;
  }

  void beat() {
    beats.expires_after(shared.options.heartbeat);
    beats.async_wait([this](Error cancelled) {
      if (cancelled) return;
      for (const auto& c : Connections(shared.watching)) c->heartbeat();
      beat();
    });
  }

  Shared shared;
  Log log;
  tcp::acceptor acceptor{shared.io};
  asio::steady_timer pause{shared.io}, beats{shared.io};
  Error last_error;
  std::atomic<std::uint16_t> port{0};
  std::thread thread;
};

Server::Server(Options options, Backend& backend, Log log)
    : impl_(std::make_unique<Impl>(std::move(options), backend, std::move(log))) {}
Server::~Server() = default;

void Server::publish(std::string frame) {
  asio::post(impl_->shared.io,
             [impl = impl_.get(), f = std::make_shared<const std::string>(std::move(frame))] {
               for (const auto& c : Connections(impl->shared.watching)) c->push(f);
             });
}
std::uint16_t Server::port() const {
  return impl_->port;
}
const Server::Stats& Server::stats() const {
  return impl_->shared.stats;
}
void Server::stop() {
  impl_->stop();
}

}  // namespace tributary::http
