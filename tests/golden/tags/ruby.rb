# A yard that sorts wagons.
require "json"
require_relative "rails/switch"

module Yard
  # How many wagons a track holds.
  CAPACITY = 40

  # One wagon.
  #
  # The rest of it.
  class Wagon < Rails::Car
    include Comparable
    attr_reader :load, :name
    attr_accessor :length

    def initialize(load, name: "größe 𝒳")
      @load = load
      local = name
      @name = local
    end

    # What the axles bear.
    def total = load + self.class.tare

    def <=>(other)
      total <=> other.total
    end

    def heavy?
      total > 10
    end

    class << self
      def tare
        12.5
      end
    end

    def self.empty(name)
      new(0, name: name)
    end

    private

    def tip!(onto:, &block)
      onto.each { |track| block.call(track, CAPACITY) }
    end
  end

  module_function

  def sort(wagons, by: :load)
    wagons.sort_by { |wagon| -wagon.public_send(by) }
  end
end

class Yard::Track
  alias_method :size, :length
end

Axle = Struct.new(:wheels)
