// chaos: an upstream that misbehaves and clients that misbehave, for soaking a streaming gateway. Single-threaded epoll, in the manner of ssebench.
//
//   chaos upstream PORT [tokens=40] [interval_us=100000] [cut=P] [reset=P] [no_newline=P] [heartbeat=P] [half_open=P] [no_done=P] [fail=P]
//                      [flood=P] [seed=N]
//   chaos load HOST PORT [streams=2000] [seconds=600] [drain_s=30] [leave=P] [slow=P] [half_open=P] [abort=P] [pid=N] [key=K] [model=mock]
//              [path=/v1/chat/completions] [sample_s=5] [seed=N]
//
// upstream: every POST draws what becomes of it, P percent each, the rest are answered as they should be: cut ends the connection in mid-stream,
//   reset resets it there, no_newline sends bytes without a line end until the peer has had enough, heartbeat sends comments only, half_open reads the
//   request and is never heard of again, no_done finishes without [DONE] and without an end, fail answers 503, flood sends 4 MB of events as fast as
//   they are taken. GET /busy tells how many answers are under way.
// load: keeps `streams` streams open for `seconds`, then opens no more and waits up to drain_s for those that are left. Each client draws what it is,
//   P percent each, the rest read to the end: leave closes at a random time, abort resets at one, slow reads 64 bytes each half second through a small
//   window, half_open sends half a request and no more, and leaves after a while. Prints one JSON line: outcomes, and of the process PID the memory and
//   the descriptors: at the start, at most, at the end, and the slope of the memory over the second half, in KB a minute, by least squares.
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <algorithm>
#include <map>
#include <queue>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>
using std::string;
typedef unsigned long long u64;

static std::map<string, string> opts;
static std::mt19937 dice;
static long opt(const char* name, long otherwise) { auto i = opts.find(name); return i == opts.end() ? otherwise : atol(i->second.c_str()); }
static string sopt(const char* name, const char* otherwise) { auto i = opts.find(name); return i == opts.end() ? otherwise : i->second; }
static u64 now() { timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000000ull + t.tv_nsec; }
static const u64 ms = 1000000ull, second = 1000000000ull;
static long within(long most) { return long(dice() % (unsigned long)std::max(1l, most)); }
static void nonblock(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); int one = 1; setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); }
static void watch(int ep, int how, int fd, unsigned events) { epoll_event e{events, {.fd = fd}}; epoll_ctl(ep, how, fd, &e); }
static void close_hard(int fd) { linger l{1, 0}; setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l); close(fd); }

// What a draw of 0..99 means, by the percentages of the names in their order; the first name stands for the rest.
static string draw(const std::vector<const char*>& names) {
  long d = within(100);
  for (size_t i = 1; i < names.size(); i++) { long p = opt(names[i], 0); if (d < p) return names[i]; d -= p; }
  return names[0];
}
static string counts(const std::map<string, u64>& of) {
  string s = "{"; for (auto& x : of) s += (s.size() > 1 ? ",\"" : "\"") + x.first + "\":" + std::to_string(x.second); return s + "}";
}

struct Timer { u64 at; int fd; u64 id; bool operator<(const Timer& other) const { return at > other.at; } };
static int until_next(const std::priority_queue<Timer>& timers, int most) {
  if (timers.empty()) return most;
  u64 t = now(), at = timers.top().at; return at <= t ? 0 : int(std::min<u64>(most, (at - t) / ms + 1));
}

struct Served { string in, out; size_t off = 0; string fate; int sent = 0; u64 id = 0; };
static bool flush(int ep, int fd, Served& c) {
  while (c.off < c.out.size()) {
    ssize_t n = send(fd, c.out.data() + c.off, c.out.size() - c.off, MSG_NOSIGNAL);
    if (n > 0) c.off += n; else if (n < 0 && errno == EAGAIN) { watch(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT); return true; } else return false;
  }
  if (!c.out.empty()) { c.out.clear(); c.off = 0; watch(ep, EPOLL_CTL_MOD, fd, EPOLLIN); }
  return true;
}
static void chunk(string& out, const string& data) { char h[24]; snprintf(h, sizeof h, "%zx\r\n", data.size()); out += h; out += data; out += "\r\n"; }
static string event(const string& model, const string& choices, const string& more = "") {
  return "data: {\"id\":\"chatcmpl-chaos\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"" + model + "\",\"choices\":" + choices + more + "}\n\n";
}

static int upstream(int port) {
  int tokens = opt("tokens", 40); u64 interval = opt("interval_us", 100000) * 1000ull; string model = sopt("model", "mock"), filler(16384, 'x');
  int ls = socket(AF_INET, SOCK_STREAM, 0), one = 1; setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in a{}; a.sin_family = AF_INET; a.sin_port = htons(port); a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(ls, (sockaddr*)&a, sizeof a) || listen(ls, 65535)) { perror("bind"); return 1; }
  int ep = epoll_create1(0); nonblock(ls); watch(ep, EPOLL_CTL_ADD, ls, EPOLLIN);
  std::unordered_map<int, Served> conns; std::priority_queue<Timer> timers; std::vector<epoll_event> evs(4096); u64 ids = 1; char b[16384];
  auto drop = [&](int fd, bool hard = false) { conns.erase(fd); if (hard) close_hard(fd); else close(fd); };
  auto take = [&](int fd, Served& c) { // One request; false: not whole yet.
    size_t h = c.in.find("\r\n\r\n"); if (h == string::npos) return false;
    string head = c.in.substr(0, h); for (auto& ch : head) ch = tolower(ch);
    size_t body = 0, cl = head.find("content-length:"), total; if (cl != string::npos) body = atol(head.c_str() + cl + 15);
    if (head.find("transfer-encoding: chunked") != string::npos) { size_t end = c.in.find("0\r\n\r\n", h + 4); if (end == string::npos) return false; total = end + 5; }
    else { total = h + 4 + body; if (c.in.size() < total) return false; }
    bool get = head.compare(0, 4, "get ") == 0; c.in.erase(0, total);
    if (get) {
      size_t busy = 0; for (auto& x : conns) busy += !x.second.fate.empty();
      string j = "{\"object\":\"list\",\"data\":[],\"busy\":" + std::to_string(busy) + "}";
      c.out += "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(j.size()) + "\r\n\r\n" + j; return true;
    }
    c.fate = draw({"well", "cut", "reset", "no_newline", "heartbeat", "half_open", "no_done", "fail", "flood"}); c.sent = 0; c.id = ids++;
    if (c.fate == "fail") { c.fate.clear(); c.out += "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: 36\r\n\r\n{\"error\":{\"message\":\"down\",\"code\":1}}"; return true; }
    if (c.fate == "half_open") return true;
    c.out += "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"; timers.push({now() + within(50) * ms, fd, c.id}); return true; };
  for (;;) {
    int n = epoll_wait(ep, evs.data(), evs.size(), until_next(timers, 1000));
    for (int k = 0; k < n; k++) {
      int fd = evs[k].data.fd;
      if (fd == ls) { for (int c; (c = accept(ls, 0, 0)) >= 0;) { nonblock(c); conns[c] = {}; watch(ep, EPOLL_CTL_ADD, c, EPOLLIN); } continue; }
      auto it = conns.find(fd); if (it == conns.end()) continue; Served& c = it->second; bool dead = false; ssize_t r;
      while ((r = recv(fd, b, sizeof b, 0)) > 0) c.in.append(b, r);
      if (r == 0 || (r < 0 && errno != EAGAIN)) dead = true;
      while (!dead && c.fate.empty() && take(fd, c)) {}
      if (dead || !flush(ep, fd, c)) drop(fd);
    }
    for (u64 t = now(); !timers.empty() && timers.top().at <= t;) {
      Timer tm = timers.top(); timers.pop(); auto it = conns.find(tm.fd); if (it == conns.end() || it->second.id != tm.id || it->second.fate.empty()) continue; Served& c = it->second;
      u64 pause = interval; bool more = true;
      if (c.fate == "heartbeat") chunk(c.out, ":\n\n");
      else if (c.fate == "no_newline") { if (c.out.size() < 262144) chunk(c.out, c.sent++ ? filler : "data: {\"choices\":[{\"delta\":{\"content\":\"" + filler); pause = 20 * ms; }
      else if (c.fate == "flood" && c.sent < 256) { if (c.out.size() < 262144) { c.sent++; chunk(c.out, event(model, "[{\"index\":0,\"delta\":{\"content\":\"" + filler + "\"},\"finish_reason\":null}]")); } pause = ms; }
      else if ((c.fate == "cut" || c.fate == "reset") && c.sent >= tokens / 2) { drop(tm.fd, c.fate == "reset"); continue; }
      else if (c.fate != "flood" && c.sent < tokens) { c.sent++; chunk(c.out, event(model, string("[{\"index\":0,\"delta\":{") + (c.sent == 1 ? "\"role\":\"assistant\"," : "") + "\"content\":\"word \"},\"finish_reason\":null}]")); }
      else {
        more = false; chunk(c.out, event(model, "[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]"));
        if (c.fate == "well" || c.fate == "flood") { char u[120]; snprintf(u, sizeof u, ",\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":%d,\"total_tokens\":%d}", tokens, tokens + 10); chunk(c.out, event(model, "[]", u)); chunk(c.out, "data: [DONE]\n\n"); c.out += "0\r\n\r\n"; c.fate.clear(); }
      }
      if (more) timers.push({tm.at + pause, tm.fd, tm.id});
      while (c.fate.empty() && take(tm.fd, c)) {}
      if (!flush(ep, tm.fd, c)) drop(tm.fd);
    }
  }
}

struct Client { string out, tail; size_t off = 0; string kind; u64 id = 0, last = 0; int status = 0; };
struct Sample { double minutes; long rss, fds; };
static long rss(int pid) { char p[64], l[256]; snprintf(p, sizeof p, "/proc/%d/status", pid); FILE* f = fopen(p, "r"); long r = -1; if (!f) return -1; while (fgets(l, sizeof l, f)) if (!strncmp(l, "VmRSS:", 6)) r = atol(l + 6); fclose(f); return r; }
static long fds(int pid) { char p[64]; snprintf(p, sizeof p, "/proc/%d/fd", pid); DIR* d = opendir(p); if (!d) return -1; long n = -2; while (readdir(d)) n++; closedir(d); return n; }
static double slope(const std::vector<Sample>& all) {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (size_t i = all.size() / 2; i < all.size(); i++) { n++; x += all[i].minutes; y += all[i].rss; xx += all[i].minutes * all[i].minutes; xy += all[i].minutes * all[i].rss; }
  double d = n * xx - x * x; return n < 3 || d == 0 ? 0 : (n * xy - x * y) / d;
}

static int load(const char* host, int port) {
  size_t want = opt("streams", 2000); double seconds = opt("seconds", 600), drain = opt("drain_s", 30); int pid = opt("pid", 0); u64 step = opt("sample_s", 5) * second;
  string model = sopt("model", "mock"), key = sopt("key", ""), body = "{\"model\":\"" + model + "\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"" + string(300, 'x') + "\"}]}";
  string request = "POST " + sopt("path", "/v1/chat/completions") + " HTTP/1.1\r\nHost: soak\r\nContent-Type: application/json\r\n" + (key.size() ? "Authorization: Bearer " + key + "\r\n" : "") + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  int ep = epoll_create1(0); std::unordered_map<int, Client> live; std::priority_queue<Timer> timers; std::vector<epoll_event> evs(4096); std::vector<Sample> samples;
  std::map<string, u64> outcomes, statuses; u64 ids = 1, bytes = 0, t0 = now(), sampled = 0; size_t peak = 0, refused = 0; static char b[65536];
  long rss0 = pid ? rss(pid) : 0, fds0 = pid ? fds(pid) : 0, rssMax = 0, fdsMax = 0;
  auto finish = [&](int fd, const string& outcome, bool hard = false) { auto it = live.find(fd); outcomes[outcome]++; if (it->second.status) statuses[std::to_string(it->second.status)]++; live.erase(it); if (hard) close_hard(fd); else close(fd); };
  auto open1 = [&]() {
    Client c; c.kind = draw({"reader", "leave", "abort", "slow", "half_open"}); c.id = ids++; c.last = now();
    int fd = socket(AF_INET, SOCK_STREAM, 0); nonblock(fd); int window = 4096; if (c.kind == "slow") setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
    // Several addresses of our own, so that the ports of one do not run out.
    sockaddr_in s{}, a{}; s.sin_family = a.sin_family = AF_INET; s.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 256 + c.id % 8); int one = 1; setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one); bind(fd, (sockaddr*)&s, sizeof s);
    a.sin_port = htons(port); inet_pton(AF_INET, host, &a.sin_addr); if (connect(fd, (sockaddr*)&a, sizeof a) < 0 && errno != EINPROGRESS) { refused++; close(fd); return; }
    c.out = c.kind == "half_open" ? request.substr(0, request.size() / 2) : request; u64 ends = now() + within(4000) * ms;
    if (c.kind == "leave" || c.kind == "abort" || c.kind == "half_open") timers.push({ends, fd, c.id}); else if (c.kind == "slow") timers.push({now() + 500 * ms, fd, c.id});
    live[fd] = std::move(c); watch(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT); };
  // What came in: true when the client is done with.
  auto read = [&](int fd, Client& c, size_t most) {
    ssize_t r = 0; size_t got = 0; while (got < most && (r = recv(fd, b, std::min(sizeof b, most - got), 0)) > 0) { got += r; c.tail.append(b, r); }
    if (got) { c.last = now(); bytes += got; if (!c.status && c.tail.size() > 12) c.status = atoi(c.tail.c_str() + 9); }
    bool over = r == 0 && got < most, gone = over || (r < 0 && errno != EAGAIN), done = c.tail.find("[DONE]") != string::npos, told = c.tail.find("\"error\"") != string::npos;
    if (done || told || gone) { finish(fd, done ? "whole" : told ? (c.status == 200 ? "told_in_stream" : "refused") : over ? "ended" : "reset"); return true; }
    if (c.tail.size() > 64) c.tail.erase(0, c.tail.size() - 64);
    return false; };
  for (;;) {
    u64 t = now(); double age = (t - t0) / 1e9;
    if (age > seconds + drain || (age > seconds && live.empty())) break;
    size_t allowed = age > seconds ? 0 : std::min(want, size_t(want * age / 2) + 1); for (int i = 0; i < 200 && live.size() < allowed && ids < want * (age / 2 + 1); i++) open1(); peak = std::max(peak, live.size());
    if (pid && t - sampled >= step) { sampled = t; Sample x{age / 60, rss(pid), fds(pid)}; rssMax = std::max(rssMax, x.rss); fdsMax = std::max(fdsMax, x.fds); if (age <= seconds) samples.push_back(x); fprintf(stderr, "   %.0f s: %zu open, %ld KB, %ld descriptors\n", age, live.size(), x.rss, x.fds); if (x.rss < 0) { fprintf(stderr, "   the process is gone\n"); break; } }
    int n = epoll_wait(ep, evs.data(), evs.size(), until_next(timers, 50));
    for (int k = 0; k < n; k++) {
      int fd = evs[k].data.fd; auto it = live.find(fd); if (it == live.end()) continue; Client& c = it->second; bool slow = c.kind == "slow";
      if (evs[k].events & EPOLLOUT) { while (c.off < c.out.size()) { ssize_t w = send(fd, c.out.data() + c.off, c.out.size() - c.off, MSG_NOSIGNAL); if (w <= 0) break; c.off += w; } if (c.off == c.out.size()) watch(ep, EPOLL_CTL_MOD, fd, slow ? 0u : unsigned(EPOLLIN)); }
      if (evs[k].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read(fd, c, slow && !(evs[k].events & (EPOLLHUP | EPOLLERR)) ? 64 : SIZE_MAX);
    }
    for (t = now(); !timers.empty() && timers.top().at <= t;) {
      Timer tm = timers.top(); timers.pop(); auto it = live.find(tm.fd); if (it == live.end() || it->second.id != tm.id) continue; Client& c = it->second;
      if (c.kind == "slow") { if (!read(tm.fd, c, age > seconds ? SIZE_MAX : 64)) timers.push({t + 500 * ms, tm.fd, tm.id}); }
      else finish(tm.fd, c.kind == "half_open" ? "half_open" : "left", c.kind == "abort");
    }
  }
  size_t hung = live.size(); std::map<string, u64> hanging; for (auto& x : live) { hanging[x.second.kind]++; close(x.first); }
  // The other side notices that the last ones left a moment later than we do.
  for (int i = 0; i < 50 && pid && fds(pid) > fds0 + 20; i++) usleep(100000);
  printf("{\"seconds\":%.1f,\"peak_streams\":%zu,\"opened\":%llu,\"connect_failed\":%zu,\"hung\":%zu,\"hanging\":%s,\"mb_read\":%.1f,\"outcomes\":%s,\"statuses\":%s", (now() - t0) / 1e9, peak, ids - 1, refused, hung, counts(hanging).c_str(), bytes / 1e6, counts(outcomes).c_str(), counts(statuses).c_str());
  if (pid) printf(",\"rss_start_kb\":%ld,\"rss_max_kb\":%ld,\"rss_end_kb\":%ld,\"rss_slope_kb_min\":%.1f,\"fds_start\":%ld,\"fds_max\":%ld,\"fds_end\":%ld", rss0, rssMax, rss(pid), slope(samples), fds0, fdsMax, fds(pid));
  printf("}\n"); return 0;
}

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN); rlimit r; getrlimit(RLIMIT_NOFILE, &r); r.rlim_cur = r.rlim_max; setrlimit(RLIMIT_NOFILE, &r);
  for (int i = 1; i < argc; i++) { string a = argv[i]; size_t p = a.find('='); if (p != string::npos) opts[a.substr(0, p)] = a.substr(p + 1); }
  dice.seed(opt("seed", 7));
  if (argc > 2 && !strcmp(argv[1], "upstream")) return upstream(atoi(argv[2]));
  if (argc > 3 && !strcmp(argv[1], "load")) return load(argv[2], atoi(argv[3]));
  fprintf(stderr, "usage: chaos upstream PORT [k=v]... | chaos load HOST PORT [k=v]...\n"); return 2;
}
