# Prints where the real client dalli puts keys. The lines that it reads and writes are those of golden_file.py.
#
# Every server counts as live, so that none is connected: what is asked is the ring that the client made.
require 'dalli'

addresses = []
keys = []
$stdin.each_line(chomp: true) do |line|
  what, first, port, weight = line.split
  case what
  when 'server' then addresses << (first.start_with?('/') ? "#{first}:#{weight}" : "#{first}:#{port}:#{weight}")
  when 'key' then keys << [first].pack('H*').force_encoding('UTF-8')
  else abort "neither a server nor a key: #{line}"
  end
end

ring = Dalli::Client.new(addresses).send(:ring)
ring.servers.each { |server| server.define_singleton_method(:alive?) { true } }
places = ring.servers.each_with_index.to_h { |server, place| [server.object_id, place] }
puts Dalli::VERSION
keys.each { |key| puts places.fetch(ring.server_for_key(key).object_id) }
