// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

// Stand-ins written for tests. They answer in the form of the contracts of rollups, by rules of
// their own, and are none of them.

/// Stands in for the OP stack's GasPriceOracle: so many wei per byte of the transaction.
contract GasPriceOracleStandIn {
    uint256 public weiPerByte;

    function set(uint256 wei_) external {
        weiPerByte = wei_;
    }

    function getL1Fee(bytes calldata transaction) external view returns (uint256) {
        require(transaction[0] == 0x02, "no transaction of type 2");
        return weiPerByte * transaction.length;
    }
}

/// Stands in for Arbitrum's NodeInterface: so much gas per byte of the call's data.
contract NodeInterfaceStandIn {
    uint256 public gasPerByte;

    function set(uint256 gas_) external {
        gasPerByte = gas_;
    }

    function gasEstimateL1Component(address, bool creates, bytes calldata data)
        external
        payable
        returns (uint64 gas, uint256 baseFee, uint256 l1BaseFee)
    {
        require(!creates, "a contract's creation");
        return (uint64(gasPerByte * data.length), 10 ** 8, 10 ** 9);
    }
}

/// Stands in for Chainlink's uptime feed of a sequencer.
contract SequencerStandIn {
    uint80 private round;
    int256 private answer;
    uint256 private startedAt;

    function set(int256 answer_, uint256 since) external {
        (round, answer, startedAt) = (round + 1, answer_, since);
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return (round, answer, startedAt, block.timestamp, round);
    }
}
